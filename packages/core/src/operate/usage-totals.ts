import { type ProviderUsage, UsageByModel } from '../call/provider-usage.js';

/** What calls have used together. Live calls are counted up to now, as far as that is known. */
export interface UsageSums {
  /** Calls that were assigned to the worker, live ones included. */
  readonly calls: number;
  /** Those of them that are live. */
  readonly liveCalls: number;
  /** Time from the assignment of each call to its end, or to now, in milliseconds. */
  readonly durationMs: number;
  /** Their use of providers, one entry for each kind, provider and model. */
  readonly providers: readonly ProviderUsage[];
}

/** What the calls of one tenant to one agent have used. */
export interface UsageRow extends UsageSums {
  /** The tenant; `default` for calls that name none. */
  readonly tenant: string;
  /** Name of the agent. */
  readonly agent: string;
}

/** What all calls have used since the pool started, as plain data. */
export interface PoolUsage {
  /** When counting began: Unix time in milliseconds; 0 before `run()`. */
  readonly since: number;
  /** Now, in the same way. */
  readonly until: number;
  /** One row for each tenant and agent, in the order of their first calls. */
  readonly rows: readonly UsageRow[];
  /**
   * The calls of all further tenants and agents together: rows and the models in them are 10 000 at most. Null as long as
   * every call has a row. The model `other` of the provider `other` stands for those that had no room.
   */
  readonly rest: UsageSums | null;
}

/** A call, as far as its usage is counted. */
export interface UsedCall {
  readonly tenant: string;
  readonly agent: string;
  readonly durationMs: number;
  readonly usage: readonly ProviderUsage[];
}

type Owner = Pick<UsedCall, 'tenant' | 'agent'>;

/** The sums of some calls. */
class Sums {
  calls = 0;
  liveCalls = 0;
  durationMs = 0;
  providers = new UsageByModel();

  copy(): Sums {
    return Object.assign(new Sums(), this, { providers: this.providers.copy() });
  }

  plain(): UsageSums {
    const { calls, liveCalls, durationMs, providers } = this;
    return { calls, liveCalls, durationMs, providers: providers.all };
  }
}

// Callers choose the tenant, and plugins the names of models.
const MAX_ENTRIES = 10_000;
// Models of the rest, for which there is always room.
const MAX_IN_REST = 100;

/** Adds up what calls have used, by tenant and agent. Nothing is ever missing from the sums, only from the names. */
export class UsageTotals {
  readonly #since = Date.now();
  readonly #maxEntries: number;
  readonly #rows = new Map<string, Owner & { readonly sums: Sums }>();
  readonly #rest = new Sums();
  /** Rows, and the models in them. */
  #entries = 0;

  /** @param maxEntries - how many rows and models are told apart. Default: 10 000 */
  constructor(maxEntries = MAX_ENTRIES) {
    this.#maxEntries = maxEntries;
  }

  /** Counts an assigned call. */
  start({ tenant, agent }: Owner): void {
    const key = keyOf({ tenant, agent });
    if (!this.#rows.has(key) && this.#entries < this.#maxEntries) {
      this.#rows.set(key, { tenant, agent, sums: new Sums() });
      this.#entries += 1;
    }
    const sums = this.#rows.get(key)?.sums ?? this.#rest;
    sums.calls += 1;
    sums.liveCalls += 1;
  }

  /** Counts what a call has used until its end. {@link start} must have counted it. */
  end(call: UsedCall): void {
    const own = this.#rows.get(keyOf(call))?.sums;
    const sums = own ?? this.#rest;
    sums.liveCalls -= 1;
    const models = sums.providers.size;
    this.#add(call, sums, own !== undefined);
    if (own !== undefined) this.#entries += own.providers.size - models;
  }

  /** The sums of all calls that have ended, and of the live ones so far. */
  snapshot(live: Iterable<UsedCall>): PoolUsage {
    const rest = this.#rest.copy();
    const rows = new Map(
      [...this.#rows].map(([key, row]) => [key, { ...row, sums: row.sums.copy() }]),
    );
    for (const call of live) {
      const own = rows.get(keyOf(call))?.sums;
      this.#add(call, own ?? rest, own !== undefined);
    }
    return {
      since: this.#since,
      until: Date.now(),
      rows: [...rows.values()].map(({ sums, ...owner }) => ({ ...owner, ...sums.plain() })),
      rest: rest.calls === 0 ? null : rest.plain(),
    };
  }

  #add({ durationMs, usage }: UsedCall, sums: Sums, named: boolean): void {
    sums.durationMs += durationMs;
    const { providers } = sums;
    for (const each of usage)
      providers.add(each, named ? this.#entries < this.#maxEntries : providers.size < MAX_IN_REST);
  }
}

/** What nothing has used. */
export function noUsage(): PoolUsage {
  return { since: 0, until: Date.now(), rows: [], rest: null };
}

function keyOf({ tenant, agent }: Owner): string {
  return JSON.stringify([tenant, agent]);
}
