/** The state of a breaker. `half_open`: one call is tried, and all others are refused until it has shown something. */
export type BreakerState = 'closed' | 'open' | 'half_open';

/** The breaker of a tenant, or of one agent of it, after a change; plain data. */
export interface BreakerChange {
  /** The tenant. */
  readonly tenant: string;
  /** The agent whose calls it is about; null: those of all agents of the tenant. */
  readonly agent: string | null;
  /** What is done with new calls: taken, refused, or one is tried. */
  readonly state: BreakerState;
  /** The calls without an answer among {@link calls}. */
  readonly unanswered: number;
  /** The calls that were counted when it opened last. */
  readonly calls: number;
}
