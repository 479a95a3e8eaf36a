import type { Readable, Writable } from 'node:stream';

/** A stream that may be a terminal. */
export type HostOutput = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** Where it is a descriptor of the process. */
  readonly fd?: number;
};

/** What the command sees of the process it runs in. */
export interface Host {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: HostOutput;
  readonly stderr: HostOutput;
}

/** The process itself. */
export const processHost: Host = {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
};
