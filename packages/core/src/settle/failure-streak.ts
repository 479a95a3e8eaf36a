/**
 * Counts calls that failed one after another. At the limit the worker is the likely cause and drains;
 * failures of one named tenant alone are more likely that tenant's.
 */
export class FailureStreak {
  readonly #limit: number;
  readonly #tenants = new Set<string>();
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  /** A call that did not fail ends the streak. A call the worker cut says nothing either way. */
  success(): void {
    this.#length = 0;
    this.#tenants.clear();
  }

  /** True when the worker should drain. */
  failure(tenant: string): boolean {
    this.#length += 1;
    this.#tenants.add(tenant);
    const oneTenantAlone = this.#tenants.size === 1 && !this.#tenants.has('default');
    return this.#length >= this.#limit && !oneTenantAlone;
  }
}
