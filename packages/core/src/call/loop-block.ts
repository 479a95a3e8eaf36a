/** One place of the code, as a stack names it. */
export interface CodePlace {
  /** Empty for a function without a name. */
  readonly function: string;
  /** URL or path of the file; empty for code that has none. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

export type BlockCause = 'code' | 'host' | 'unknown';

/** For a while the event loop of a process did nothing but one thing. Plain data. */
export interface LoopBlock {
  /** Unix time in milliseconds. */
  readonly startedAt: number;
  readonly durationMs: number;
  /** `host`: other processes had the cores. `unknown`: nobody looked after this process yet, see `LoopWatch`. */
  readonly cause: BlockCause;
  /** Where the code was when it was looked at: innermost first. Empty where nobody could look. */
  readonly stack: readonly CodePlace[];
  /** The innermost place that is neither Node's nor a package's; undefined when there is none. */
  readonly culprit?: CodePlace;
}

const MOST_FRAMES = 16;
const MOST_TEXT = 1_024;

/** True for what another process may say of a block. */
export function isLoopBlock(value: unknown): value is LoopBlock {
  if (!isFields(value)) return false;
  const { startedAt, durationMs, cause, stack, culprit } = value;
  return (
    isAmount(startedAt) &&
    isAmount(durationMs) &&
    (cause === 'code' || cause === 'host' || cause === 'unknown') &&
    Array.isArray(stack) &&
    stack.length <= MOST_FRAMES &&
    stack.every(isPlace) &&
    (culprit === undefined || isPlace(culprit))
  );
}

/** The stack as it is told: not longer than anybody reads, without what Node does by itself. */
export function blockOf(
  facts: Pick<LoopBlock, 'startedAt' | 'durationMs' | 'cause'>,
  frames: readonly CodePlace[],
): LoopBlock {
  const stack = frames.slice(0, MOST_FRAMES).map(({ function: name, file, line }) => ({
    function: name.slice(0, MOST_TEXT),
    file: file.slice(0, MOST_TEXT),
    line,
  }));
  const code = stack.filter(({ file }) => file !== '' && !file.startsWith('node:'));
  const culprit = code.find(({ file }) => !/[\\/]node_modules[\\/]/.test(file)) ?? code[0];
  return { ...facts, stack, ...(culprit === undefined ? {} : { culprit }) };
}

/** `myTool (tools.js:12)`: for a log line or a table. */
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
  return typeof value === 'string' && value.length <= MOST_TEXT;
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
