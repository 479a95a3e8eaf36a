/**
 * A limit of calls at a time: one number for every name, or a number by name. Names that are not in it have no limit.
 */
export type SessionCaps = number | Readonly<Record<string, number>>;

/** Reads {@link SessionCaps}. It has copied them, so nothing changes them later. */
export class Caps {
  readonly #each: number | undefined;
  readonly #byName: ReadonlyMap<string, number>;

  /** @param caps - undefined: no limits */
  constructor(caps: SessionCaps | undefined) {
    this.#each = typeof caps === 'number' ? caps : undefined;
    this.#byName = new Map(typeof caps === 'object' ? Object.entries(caps) : []);
  }

  /** The limit for a name; undefined: none. */
  of(name: string): number | undefined {
    return this.#each ?? this.#byName.get(name);
  }

  /** The names that have a limit of their own. */
  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }
}
