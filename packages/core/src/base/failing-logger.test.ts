import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { isWritingLog, logLineLost, lostLogLines } from './log-failures.js';
import { LogBook } from './log-book.js';
import { type Logger, unbreakable } from './logger.js';

const down = () => {
  throw new Error('the worker has exited');
};

/** A logger that works but for `parts`. */
function logger(parts: Partial<Record<keyof Logger, unknown>>, book = new LogBook()): Logger {
  const { debug, info, warn, error } = book;
  return { debug, info, warn, error, child: () => book, ...parts } as Logger;
}

const unhandled = vi.fn();
beforeEach(() => void process.on('unhandledRejection', unhandled));
afterEach(() => {
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

test.each<[string, Logger]>([
  ['throws', logger({ error: down })],
  ['throws undefined', logger({ error: () => Promise.reject(undefined) })],
  ['returns a promise that rejects', logger({ error: () => Promise.reject(new Error('no')) })],
  [
    'returns something that throws when it is read',
    logger({ error: () => new Proxy({}, { get: down }) }),
  ],
  ['has lost its methods', logger({ error: undefined })],
])('a logger that %s loses its line, which is counted', async (_what, failing) => {
  const before = lostLogLines();
  unbreakable(failing).error({ error: new Error('boom') }, 'it failed');
  await vi.waitFor(() => expect(lostLogLines()).toBe(before + 1));
});

test.each<[string, unknown]>([
  ['throws', down],
  ['returns nothing', () => undefined],
  ['returns something else', () => ({ info: () => {} })],
])('when child() %s, the lines go to the logger itself, with the fields', (_what, child) => {
  const book = new LogBook();
  const made = unbreakable(logger({ child }, book)).child({ jobId: 'AJ_1' });
  made.child({ agent: 'sales' }).info({ n: 1 }, 'hello');
  expect(book.lines).toEqual([
    { level: 'info', fields: { jobId: 'AJ_1', agent: 'sales', n: 1 }, message: 'hello' },
  ]);
});

test('what a logger leaves running is known as the writing of a log line', async () => {
  const seen = new Promise<boolean>((resolve) => {
    unbreakable(logger({ info: () => void setImmediate(() => resolve(isWritingLog())) })).info(
      {},
      'hello',
    );
  });
  expect(isWritingLog()).toBe(false);
  expect(await seen).toBe(true);
});

test('it is said once for each sink, and each line is counted', () => {
  const before = lostLogLines();
  const said: string[] = [];
  for (const sink of ['a', 'b', 'a', 'b'])
    logLineLost(`sink ${sink} of a test`, new Error('ENOSPC'), (message) => {
      said.push(message);
      // What says it may fail in the same way: it is not said again.
      logLineLost(`sink ${sink} of a test`, new Error('EPIPE'), () => said.push('again'));
    });
  expect(lostLogLines()).toBe(before + 6);
  expect(said).toEqual([
    expect.stringContaining('to sink a of a test: ENOSPC'),
    expect.stringContaining('to sink b of a test: ENOSPC'),
  ]);
});
