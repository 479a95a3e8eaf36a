/** A model that all calls share. */
export interface ModelSize {
  /** Its name in the log. */
  readonly name: string;
  /** The memory that it takes, in bytes. */
  readonly bytes: number;
  /** A sentence for the log: what happens without it. */
  readonly without: string;
}

/** Decides whether a model fits into the memory that a worker may use. Without a limit, every model fits. */
export interface ModelMemory {
  /** Keeps memory free for a model that is loaded later. Returns false, and logs it, if it does not fit beside calls. */
  reserve(model: ModelSize): boolean;
  /** Runs `load` and resolves with true; with false, and logs it, if the model does not fit beside calls. */
  load(model: ModelSize, load: () => Promise<void>): Promise<boolean>;
}
