/** The container runtime, as the strategy needs it. {@link docker} implements it. */
export interface ContainerClient {
  /** Returns at once. Failures are reported by `exited`. */
  start(container: ContainerSpec): RunningContainer;
}

export interface ContainerSpec {
  readonly name: string;
  /** Contains secrets: it must not appear in a command line, which every user of the machine can read. */
  readonly env: Readonly<Record<string, string>>;
  readonly memoryMb: number;
}

export interface RunningContainer {
  /** Kills and removes the container, even while it is being created. Rejects when it may still exist. */
  stop(): Promise<void>;
  /** Resolves with a readable reason when the container is gone or could not be created. */
  readonly exited: Promise<string>;
}
