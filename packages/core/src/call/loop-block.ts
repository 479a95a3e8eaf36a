/** A place in code: one frame of a stack. */
export interface CodePlace {
  /** The name of the function; empty when it has none. */
  readonly function: string;
  /** URL or path of the file; empty for code without a file. */
  readonly file: string;
  /** The line, counted from 1. */
  readonly line: number;
}

/**
 * The cause of a {@link LoopBlock}.
 *
 * - `code`: JavaScript of this process
 * - `host`: other processes used the cores
 * - `unknown`: the watchdog was not watching this process yet
 */
export type BlockCause = 'code' | 'host' | 'unknown';

/** A period in which the event loop of a process was blocked, as plain data. */
export interface LoopBlock {
  /** The beginning, Unix time in milliseconds. */
  readonly startedAt: number;
  /** The duration in milliseconds. */
  readonly durationMs: number;
  /** The cause, as far as the watchdog can tell. */
  readonly cause: BlockCause;
  /** The stack during the block, innermost frame first, at most 16 frames. Empty when it could not be read. */
  readonly stack: readonly CodePlace[];
  /**
   * The frame to look at: the innermost one outside of Node and of `node_modules`, or else the innermost one of a
   * package. Absent when there is neither.
   */
  readonly culprit?: CodePlace;
}

const MAX_FRAMES = 16;
const MAX_TEXT = 1_024;

/** True for a block as another process may report it. */
export function isLoopBlock(value: unknown): value is LoopBlock {
  if (!isFields(value)) return false;
  const { startedAt, durationMs, cause, stack, culprit } = value;
  return (
    isAmount(startedAt) &&
    isAmount(durationMs) &&
    (cause === 'code' || cause === 'host' || cause === 'unknown') &&
    Array.isArray(stack) &&
    stack.length <= MAX_FRAMES &&
    stack.every(isPlace) &&
    (culprit === undefined || isPlace(culprit))
  );
}

/** The block with its stack cut to 16 frames, and with its culprit. */
export function blockOf(
  facts: Pick<LoopBlock, 'startedAt' | 'durationMs' | 'cause'>,
  frames: readonly CodePlace[],
): LoopBlock {
  const stack = frames.slice(0, MAX_FRAMES).map(({ function: name, file, line }) => ({
    function: name.slice(0, MAX_TEXT),
    file: file.slice(0, MAX_TEXT),
    line,
  }));
  const code = stack.filter(({ file }) => file !== '' && !file.startsWith('node:'));
  const culprit = code.find(({ file }) => !/[\\/]node_modules[\\/]/.test(file)) ?? code[0];
  return { ...facts, stack, ...(culprit === undefined ? {} : { culprit }) };
}

/** The place as a short text for a log line or a table, e.g. `myTool (tools.js:12)`. */
export function placeText({ function: name, file, line }: CodePlace): string {
  const short = file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
  return `${name === '' ? '(anonymous)' : name} (${short}:${line})`;
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function isPlace(value: unknown): value is CodePlace {
  return (
    isFields(value) &&
    isText(value['function']) &&
    isText(value['file']) &&
    Number.isSafeInteger(value['line'])
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
