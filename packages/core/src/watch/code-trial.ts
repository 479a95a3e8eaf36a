/**
 * New code of an agent in one call, until each part of it has run once. When a hook, node or tool fails in its first
 * use, the agent gets its old code back, and that answers.
 */
export class CodeTrial {
  readonly #undo: (part: string, error: unknown) => void;
  readonly #passed = new Set<string>();
  #over = false;

  /** @param undo - gives the agent its old code back; called once, with the part that failed and its error */
  constructor(undo: (part: string, error: unknown) => void) {
    this.#undo = undo;
  }

  /** Whether a part has not run yet, so that its failure undoes the new code. */
  isFirst(part: string): boolean {
    return !this.#over && !this.#passed.has(part);
  }

  /** A part has run without a failure. */
  passed(part: string): void {
    this.#passed.add(part);
  }

  /** A part has failed. Returns whether the agent has its old code again, for the first time. */
  failed(part: string, error: unknown): boolean {
    if (!this.isFirst(part)) return false;
    this.#over = true;
    this.#undo(part, error);
    return true;
  }

  /** Ends the trial: other code has come. */
  end(): void {
    this.#over = true;
  }
}
