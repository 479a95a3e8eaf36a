import type { Readable, Writable } from 'node:stream';

/** A stream for input that may be a terminal. */
export type HostInput = Readable & {
  readonly isTTY?: boolean;
  setRawMode?(on: boolean): unknown;
};

/** A stream for output that may be a terminal. */
export type HostOutput = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** Its file descriptor, where it has one. */
  readonly fd?: number;
};

/** The parts of the process that the command uses. */
export interface Host {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: HostInput;
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

/** Columns and rows of a terminal. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** The size of a terminal; 80 by 24 where the terminal does not report one. */
export function sizeOf({ columns, rows }: HostOutput): Size {
  return { columns: columns || 80, rows: rows || 24 };
}

/** Whether the output is a terminal with a cursor that can be moved. */
export function isScreen({ isTTY }: HostOutput, env: NodeJS.ProcessEnv): boolean {
  return isTTY === true && env['TERM'] !== 'dumb';
}

/** Whether colours are wanted, see no-color.org. */
export function wantsColors(env: NodeJS.ProcessEnv): boolean {
  return (env['NO_COLOR'] ?? '') === '';
}

/** Writes one message to stderr, after `openrtc: `. */
export function writeMessage({ stderr }: Pick<Host, 'stderr'>, message: string): void {
  stderr.write(`openrtc: ${message}\n`);
}

/**
 * Runs a verb that takes calls: they must not end because its output cannot be written, as with a full disk or a closed
 * terminal. The pool says so, once.
 */
export async function withoutOutput<T>(
  { stdout, stderr }: Pick<Host, 'stdout' | 'stderr'>,
  run: () => Promise<T>,
): Promise<T> {
  const goOn = () => {};
  for (const stream of [stdout, stderr]) stream.on('error', goOn);
  try {
    return await run();
  } finally {
    for (const stream of [stdout, stderr]) stream.off('error', goOn);
  }
}
