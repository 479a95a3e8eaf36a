/**
 * Counts calls that failed in a row. At the limit the worker itself is the likely cause, and it should drain. When all
 * of the failures are of one named tenant, that tenant is the more likely cause, and the worker goes on.
 */
export class FailureStreak {
  readonly #limit: number;
  readonly #tenants = new Set<string>();
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Number of calls that have failed in a row so far. */
  get length(): number {
    return this.#length;
  }

  /** Ends the streak: a call succeeded. Do not call it for a call that the worker ended. */
  success(): void {
    this.#length = 0;
    this.#tenants.clear();
  }

  /** Counts a failed call. Returns true when the worker should drain. */
  failure(tenant: string): boolean {
    this.#length += 1;
    this.#tenants.add(tenant);
    const oneTenantAlone = this.#tenants.size === 1 && !this.#tenants.has('default');
    return this.#length >= this.#limit && !oneTenantAlone;
  }
}
