import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { lostLogLines } from '../base/log-failures.js';
import { redactLogs } from '../sdk/redacted-logs.js';
import { guardLogs } from './log-guard.js';

/** A logger with the stream where pino keeps it. */
function pinoLike(stream: unknown): LogBook {
  return Object.assign(new LogBook(), { [Symbol('pino.stream')]: stream });
}

const kinds: readonly [string, (stream: PassThrough) => LogBook][] = [
  ['a pino logger', pinoLike],
  ['a child of one', (stream) => Object.create(pinoLike(stream)) as LogBook],
  ['one with several streams', (stream) => pinoLike({ streams: [{ stream }] })],
  ['one whose lines are redacted', (stream) => redacted(pinoLike(stream))],
];

function redacted(logger: LogBook): LogBook {
  redactLogs(logger);
  return logger;
}

test.each(kinds)(
  'what %s writes to may fail or close, until the pools have ended',
  async (_what, make) => {
    const stream = new PassThrough();
    const watched = [process.stdout, process.stderr, stream];
    const counts = () =>
      watched.map((each) => [each.listenerCount('error'), each.listenerCount('close')]);
    const before = counts();
    const lost = lostLogLines();
    const logger = make(stream);
    const first = guardLogs(logger, new LogBook());
    const second = guardLogs(logger, new LogBook());
    await first();
    // The second pool still needs them.
    stream.destroy(new Error('ENOSPC'));
    await vi.waitFor(() => expect(lostLogLines()).toBe(lost + 2));
    await second();
    expect(counts()).toEqual(before);
  },
);

test('a failure of stderr is said in the log, once', async () => {
  const log = new LogBook();
  const end = guardLogs(undefined, log);
  for (const code of ['EIO', 'EPIPE']) process.stderr.emit('error', new Error(code));
  await end();
  expect(log.matching('warn', /cannot be written to stderr/)).toHaveLength(1);
});
