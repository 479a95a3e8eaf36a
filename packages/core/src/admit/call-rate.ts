// A tenant is any name that callers' metadata may have.
const MOST_TENANTS = 10_000;
const MINUTE_MS = 60_000;

/** Counts the calls of each tenant within the last minute, for those that have a limit. */
export class CallRate {
  readonly #accepted = new Map<string, number[]>();

  /** Takes a call, if the tenant has had fewer than `max` within the last minute. Returns whether it did. */
  take(tenant: string, max: number): boolean {
    const now = performance.now();
    const recent = (this.#accepted.get(tenant) ?? []).filter((at) => at > now - MINUTE_MS);
    const free = recent.length < max;
    if (free) recent.push(now);
    // The one that was used last is the last.
    this.#accepted.delete(tenant);
    this.#accepted.set(tenant, recent);
    if (this.#accepted.size > MOST_TENANTS) {
      const [oldest] = this.#accepted.keys();
      this.#accepted.delete(oldest ?? '');
    }
    return free;
  }

  /** Gives back the call that was taken last: it was not accepted in the end. */
  giveBack(tenant: string): void {
    this.#accepted.get(tenant)?.pop();
  }
}
