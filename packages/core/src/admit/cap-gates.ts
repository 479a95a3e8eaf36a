import type { Caps } from '../call/session-caps.js';
import type { Call } from '../call/call.js';
import type { Admission, Gate } from './admission.js';

/** Options of {@link capGates}. */
export interface CapOptions {
  /** The calls that are counted: accepted and active ones. */
  readonly admission: () => Pick<Admission, 'count'>;
  /** The option `maxSessionsPerAgent`. */
  readonly perAgent: Caps;
  /** The option `maxSessionsPerTenant`. */
  readonly perTenant: Caps;
}

/**
 * Gates that limit the calls of an agent and of a tenant. A call counts from the tick in which it is accepted, so a burst
 * of offers cannot exceed a limit. The worker stays available to LiveKit: it has room for others.
 */
export function capGates({ admission, perAgent, perTenant }: CapOptions): readonly Gate[] {
  const count = (matches: (call: Call) => boolean) => admission().count(matches);
  return [
    ({ agent }) => {
      const cap = perAgent.of(agent);
      if (cap === undefined || count((call) => call.agent === agent) < cap) return undefined;
      return {
        refused: 'agent_full',
        message: `agent "${agent}" has ${cap} of ${cap} sessions (maxSessionsPerAgent)`,
      };
    },
    ({ tenant }) => {
      const cap = perTenant.of(tenant);
      if (cap === undefined || count((call) => call.tenant === tenant) < cap) return undefined;
      return {
        refused: 'tenant_full',
        message: `tenant "${tenant}" has ${cap} of ${cap} sessions (maxSessionsPerTenant)`,
      };
    },
  ];
}
