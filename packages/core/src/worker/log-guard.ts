import { logLineLost } from '../base/log-failures.js';
import type { Logger } from '../base/logger.js';
import { timeBox } from '../base/time-box.js';
import { currentSdkLogger } from '../sdk/sdk-logger.js';
import { logStreams } from '../sdk/redacted-logs.js';

// A reader that has stopped must not delay the end of the run.
const LAST_LINES_MS = 1_000;

const DESTINATION = 'the stream of the log';

interface Guarded {
  users: number;
  readonly unlisten: () => void;
}

/** A stream, as far as it is used here: those of a logger may be of any kind. */
interface Emitter {
  on(event: 'error' | 'close', listener: (error?: unknown) => void): unknown;
  off(event: 'error' | 'close', listener: (error?: unknown) => void): unknown;
}

// Pools of one process share its streams.
const guarded = new Map<object, Guarded>();

/**
 * Listens to the errors of stdout, of stderr, and of what the loggers write to, for as long as a pool handles the
 * process. Without a listener, each line that cannot be written would be an uncaught exception, which the worker would
 * log.
 * @param pool - the logger of the pool; undefined when it is the SDK's
 * @param logger - gets the one message about stderr
 * @returns a function that removes the listeners, after the last lines have been written
 */
export function guardLogs(pool: Logger | undefined, logger: Logger): () => Promise<void> {
  const { stdout, stderr } = process;
  const release = [
    guard(stdout, (error) => logLineLost('stdout', error)),
    // The log is somewhere else as a rule.
    guard(stderr, (error) =>
      logLineLost('stderr', error, (message) => logger.warn({ error }, message)),
    ),
    ...[pool, currentSdkLogger()]
      .flatMap((each) => (each === undefined ? [] : logStreams(each)))
      .map((stream) => guard(stream, (error) => logLineLost(DESTINATION, error), closed)),
  ];
  return async () => {
    await Promise.all([lastLines(stdout), lastLines(stderr)]);
    for (const each of release) each();
  };
}

// pino-pretty is destroyed by an error of what it writes to, without an error of its own.
function closed(): void {
  logLineLost(DESTINATION, new Error('it has closed'));
}

function guard(
  stream: object,
  onError: (error: unknown) => void,
  onClose: () => void = () => {},
): () => void {
  if (!isEmitter(stream)) return () => {};
  let entry = guarded.get(stream);
  if (entry === undefined) {
    stream.on('error', onError);
    stream.on('close', onClose);
    const unlisten = () => {
      stream.off('error', onError);
      stream.off('close', onClose);
    };
    entry = { users: 0, unlisten };
    guarded.set(stream, entry);
  }
  const known = entry;
  known.users += 1;
  return () => {
    known.users -= 1;
    if (known.users > 0) return;
    guarded.delete(stream);
    known.unlisten();
  };
}

/** Waits until what was written before has been written or has failed. */
async function lastLines(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength > 0)
    await timeBox(
      LAST_LINES_MS,
      () => new Promise<void>((resolve) => void stream.write('', () => resolve())),
    );
  // The error of a line is emitted a moment after its write.
  await new Promise<void>((resolve) => setImmediate(resolve));
}

function isEmitter(stream: object): stream is Emitter {
  const { on, off } = stream as Partial<Emitter>;
  return typeof on === 'function' && typeof off === 'function';
}
