import { AsyncLocalStorage } from 'node:async_hooks';
import { writeSync } from 'node:fs';

import { messageOf } from './errors.js';

/*
 * A log line that cannot be written (a full disk, a dead pipe, a closed terminal, a logger that throws) is nobody's
 * error: no call ends for it, and no line is logged about it, because that line could not be written either. It is
 * counted, and said once for each place it was meant for.
 */

const writing = new AsyncLocalStorage<true>();
const said = new Set<string>();
let lost = 0;

/**
 * Runs `fn`, which writes a log line. What it leaves running is part of the writing: {@link isWritingLog} tells a stream
 * that fails later from the code of the call that has logged.
 */
export function writingLog<T>(fn: () => T): T {
  return writing.run(true, fn);
}

/** True in code that {@link writingLog} runs or has started. */
export function isWritingLog(): boolean {
  return writing.getStore() === true;
}

/** How many log lines of this process could not be written, as far as it was seen. */
export function lostLogLines(): number {
  return lost;
}

/**
 * Counts a log line that could not be written. Never throws.
 * @param sink - what it was written to, such as `stdout`
 * @param say - writes the one message about this sink; default: to stderr
 */
export function logLineLost(
  sink: string,
  error: unknown,
  say: (message: string) => void = sayOnStderr,
): void {
  lost += 1;
  if (said.has(sink)) return;
  // Before it is said: that may fail too, for the same reason.
  said.add(sink);
  const pid = String(process.pid);
  say(
    `log lines cannot be written to ${sink}: ${messageOf(error)}. Process ${pid} goes on without them. This is said once.`,
  );
}

/** Not through `process.stderr`, which would emit an error of its own. */
function sayOnStderr(message: string): void {
  try {
    writeSync(2, `openrtc: ${message}\n`);
  } catch {
    // There is no other place to say it. The line is counted.
  }
}
