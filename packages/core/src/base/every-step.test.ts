import { expect, test } from 'vitest';

import { everyStep } from './every-step.js';
import { LogBook } from './log-book.js';

const failing = (error: unknown) => () => Promise.reject(error);

test('every step runs, in order, and the first error is thrown; the others are logged', async () => {
  const log = new LogBook();
  const ran: string[] = [];
  const [first, second] = [new Error('first'), new Error('second')];
  const ending = everyStep(log, [
    () => ran.push('a'),
    failing(first),
    async () => void ran.push('b'),
    () => {
      throw second;
    },
    () => ran.push('c'),
  ]);
  await expect(ending).rejects.toBe(first);
  expect(ran).toEqual(['a', 'b', 'c']);
  expect(log.lines).toMatchObject([{ level: 'error', fields: { error: second } }]);
});

test('undefined that is thrown is an error too', async () => {
  const log = new LogBook();
  await expect(everyStep(log, [failing(undefined)])).rejects.toBeUndefined();
  expect(log.lines).toEqual([]);
});

test('without an error nothing is thrown or logged', async () => {
  const log = new LogBook();
  await everyStep(log, [() => 1, async () => {}]);
  expect(log.lines).toEqual([]);
});
