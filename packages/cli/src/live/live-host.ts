import type { Readable, Writable } from 'node:stream';

/** What a live view sees of the process it runs in: a `Host`, which may be a terminal. */
export interface LiveHost {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Readable & {
    readonly isTTY?: boolean;
    setRawMode?(on: boolean): unknown;
  };
  readonly stdout: Writable & {
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
  };
  readonly stderr: Writable;
}

/** Columns and rows of a terminal. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Whether it can be drawn on: a terminal that can move its cursor. */
export function isScreen({ env, stdout }: LiveHost): boolean {
  return stdout.isTTY === true && env['TERM'] !== 'dumb';
}

/** Whether colours are wanted, see no-color.org. */
export function wantsColors({ env }: LiveHost): boolean {
  return (env['NO_COLOR'] ?? '') === '';
}

/** The size of the terminal; some have none for a moment, or never tell. */
export function sizeOf({ stdout }: LiveHost): Size {
  return { columns: stdout.columns || 80, rows: stdout.rows || 24 };
}
