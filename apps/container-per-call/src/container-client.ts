/** What the strategy needs of a container runtime. {@link docker} is one. */
export interface ContainerClient {
  /** Returns at once. What goes wrong is told by `exited`. */
  start(container: ContainerSpec): RunningContainer;
}

export interface ContainerSpec {
  readonly name: string;
  /** Holds secrets: it must not appear in a command line, which everybody on the machine can read. */
  readonly env: Readonly<Record<string, string>>;
  readonly memoryMb: number;
}

export interface RunningContainer {
  /** Kills and removes it, also while it is being made. Rejects when it may still be there. */
  stop(): Promise<void>;
  /** Resolves when it is gone, or never came to be, with the reason in words. */
  readonly exited: Promise<string>;
}
