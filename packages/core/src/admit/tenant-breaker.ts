import type { Logger } from '../base/logger.js';
import type { BreakerChange } from '../call/breaker-change.js';
import type { Call } from '../call/call.js';
import { type CallHistory, worthOf } from '../call/call-worth.js';
import type { Refusal } from '../call/refusal.js';
import type { SessionOutcome } from '../call/session-outcome.js';
import { DEFAULT_TENANT } from '../call/tenant-name.js';
import type { Admission } from './admission.js';
import { type BreakerLimits, Circuit } from './circuit.js';

// Metadata of callers may name any tenant.
const MOST_CIRCUITS = 10_000;

/** Options of {@link TenantBreaker}. */
export interface TenantBreakerOptions {
  readonly limits: BreakerLimits;
  /** The calls that have a place. */
  readonly admission: () => Pick<Admission, 'count'>;
  /** Told when calls of a tenant are refused, tried, and taken again. */
  readonly onChange: (change: BreakerChange) => void;
  readonly logger: Logger;
}

/** What the breaker knows of a call. */
export interface TenantCall {
  readonly info: Pick<Call, 'jobId' | 'agent' | 'tenant'>;
  /** When it was assigned, in milliseconds of `performance.now()`. */
  readonly since: number;
  readonly history: CallHistory;
}

/**
 * Refuses the calls of a tenant for a while when too many of them were not answered, so that callers get another worker
 * or hear that nobody is there, and the calls of others have the machine.
 *
 * It judges each agent of a tenant for itself: agents have their own providers, and one dead voice must not close a
 * tenant that has two. A tenant as a whole is refused when all of its agents do badly. Calls that name no tenant are the
 * owner's own: nobody is protected from them, and they are never refused.
 */
export class TenantBreaker implements Disposable {
  readonly #options: TenantBreakerOptions;
  readonly #circuits = new Map<string, Circuit>();
  /** Those that do not take every call, by their keys. */
  readonly #notClosed = new Map<string, BreakerChange>();

  constructor(options: TenantBreakerOptions) {
    this.#options = options;
  }

  /** The gate of the admission. It must be the last: a call that it lets through may be the one that is tried. */
  readonly gate = (call: Call): Refusal | undefined => {
    const circuits = keysOf(call).map((key) => this.#circuits.get(key));
    for (const circuit of circuits) {
      const why = circuit?.refuses();
      if (why === undefined) continue;
      const { bad, all } = circuit?.counted ?? { bad: 0, all: 0 };
      return {
        refused: 'breaker_open',
        message: `${bad} of ${all} calls of tenant "${call.tenant}" were not answered; ${why} (breaker)`,
      };
    }
    for (const circuit of circuits) circuit?.take(call.jobId);
    return undefined;
  };

  /** Judges a call by what it is worth so far; with its outcome, by what it was worth. */
  judge({ info, since, history }: TenantCall, outcome?: SessionOutcome): void {
    const { jobId, agent, tenant } = info;
    if (tenant === DEFAULT_TENANT) return;
    const worth = worthOf(history, outcome);
    for (const key of keysOf(info))
      this.#circuit(key, info).judge({ jobId, agent, since }, worth, outcome !== undefined);
  }

  /** Those that do not take every call, in the order in which they opened. */
  get notClosed(): readonly BreakerChange[] {
    return [...this.#notClosed.values()];
  }

  /** The number of agents and tenants that it remembers. */
  get size(): number {
    return this.#circuits.size;
  }

  /** Forgets everything. */
  [Symbol.dispose](): void {
    for (const circuit of this.#circuits.values()) circuit[Symbol.dispose]();
    this.#circuits.clear();
    this.#notClosed.clear();
  }

  #circuit(key: string, call: TenantCall['info']): Circuit {
    const known = this.#circuits.get(key);
    if (known !== undefined) return known;
    const { limits, admission } = this.#options;
    const { tenant } = call;
    const agent = key === tenant ? undefined : call.agent;
    const circuit = new Circuit({
      limits,
      isHere: (jobId) => admission().count((each) => each.jobId === jobId) > 0,
      ...(agent === undefined && {
        opensFor: (calls) => allAgentsFail(calls, limits.failureRatio),
      }),
      onChange: (state, { counted: { bad, all } }) =>
        this.#changed(key, { tenant, agent: agent ?? null, state, unanswered: bad, calls: all }),
    });
    this.#circuits.set(key, circuit);
    if (this.#circuits.size > MOST_CIRCUITS) this.#forgetSome();
    return circuit;
  }

  #forgetSome(): void {
    for (const [key, circuit] of this.#circuits) if (circuit.idle) this.#circuits.delete(key);
    // The one that was just added is the last.
    for (const [key, circuit] of this.#circuits) {
      if (this.#circuits.size <= MOST_CIRCUITS / 2) break;
      circuit[Symbol.dispose]();
      this.#circuits.delete(key);
      this.#notClosed.delete(key);
    }
  }

  #changed(key: string, change: BreakerChange): void {
    if (change.state === 'closed') this.#notClosed.delete(key);
    else this.#notClosed.set(key, change);
    this.#log(change);
    this.#options.onChange(change);
  }

  #log({ tenant, agent, state, unanswered, calls }: BreakerChange): void {
    const { logger, limits } = this.#options;
    const whose = `tenant "${tenant}"${agent === null ? '' : `, agent "${agent}"`}`;
    const { cooldownMs, windowMs } = limits;
    if (state === 'open')
      logger.error(
        { tenant, agent, unanswered, calls, windowMs, cooldownMs },
        `breaker: ${whose}: ${unanswered} of ${calls} calls were not answered: new ones are refused for ${cooldownMs / 1_000} s`,
      );
    else if (state === 'half_open')
      logger.info({ tenant, agent }, `breaker: ${whose}: one call is tried`);
    else logger.info({ tenant, agent }, `breaker: ${whose}: calls are taken again`);
  }
}

function keysOf({ tenant, agent }: Pick<Call, 'tenant' | 'agent'>): readonly string[] {
  // Neither may have a slash.
  return [tenant, `${tenant}/${agent}`];
}

/** Whether each agent does badly, and there are several. Of a single one its own breaker tells. */
function allAgentsFail(
  calls: readonly { readonly agent: string; readonly bad: boolean }[],
  failureRatio: number,
): boolean {
  const agents = [...new Set(calls.map(({ agent }) => agent))];
  return (
    agents.length > 1 &&
    agents.every((agent) => {
      const own = calls.filter((call) => call.agent === agent);
      return own.filter(({ bad }) => bad).length >= failureRatio * own.length;
    })
  );
}
