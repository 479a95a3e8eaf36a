import type { Caps } from '../call/session-caps.js';
import type { Admission, Gate } from './admission.js';

/** Options of {@link capGates}. */
export interface CapOptions {
  /** The calls that are counted: accepted and active ones. */
  readonly admission: () => Pick<Admission, 'count'>;
  /** The option `maxSessionsPerAgent`. */
  readonly perAgent: Pick<Caps, 'of'>;
  /** The option `maxSessionsPerTenant`. */
  readonly perTenant: Pick<Caps, 'of'>;
}

/**
 * Gates that limit the calls of an agent and of a tenant. A call counts from the tick in which it is accepted, so a burst
 * of offers cannot exceed a limit. The worker stays available to LiveKit: it has room for others.
 */
export function capGates({ admission, perAgent, perTenant }: CapOptions): readonly Gate[] {
  const gate =
    (kind: 'agent' | 'tenant', caps: Pick<Caps, 'of'>, option: string): Gate =>
    (call) => {
      const name = call[kind];
      const cap = caps.of(name);
      if (cap === undefined || admission().count((each) => each[kind] === name) < cap)
        return undefined;
      return {
        refused: `${kind}_full`,
        message: `${kind} "${name}" has ${cap} of ${cap} sessions (${option})`,
      };
    };
  return [
    gate('agent', perAgent, 'maxSessionsPerAgent'),
    gate('tenant', perTenant, 'maxSessionsPerTenant'),
  ];
}
