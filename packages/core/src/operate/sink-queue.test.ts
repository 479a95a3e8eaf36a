import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import type { AuditEvent } from './audit-event.js';
import { type Delivery, type Lost, type QueuedEvent, type Sent, SinkQueue } from './sink-queue.js';

let log: LogBook;
let recovered: Lost[];
/** The numbers of the events of each attempt. */
let attempts: number[][];
let answer: (seqs: readonly number[], signal: AbortSignal) => Sent | Promise<Sent>;
let closed: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  log = new LogBook();
  recovered = [];
  attempts = [];
  closed = false;
  answer = (seqs) => ({ done: seqs.length });
});

afterEach(() => vi.useRealTimers());

function queueOf(given: Partial<Delivery> = {}): SinkQueue {
  return new SinkQueue({
    delivery: {
      name: 'audit-test',
      most: 2,
      retries: 3,
      async send(events, signal) {
        const seqs = events.map(({ event }) => event.seq);
        attempts.push(seqs);
        return answer(seqs, signal);
      },
      close: async () => void (closed = true),
      ...given,
    },
    onRecovered: (lost) => recovered.push(lost),
    logger: log,
  });
}

function entry(seq: number): QueuedEvent {
  return { event: { seq } as AuditEvent, line: `${seq}\n` };
}

/** Runs what is due now. */
const turn = () => vi.advanceTimersByTimeAsync(0);
const failed = (again: boolean, done = 0): Sent => ({
  done,
  failed: { error: new Error('broken'), again },
});

test('events of one tick are sent together, in order, and not in that tick', async () => {
  const queue = queueOf();
  for (const seq of [1, 2, 3]) queue.push(entry(seq));
  expect(attempts).toEqual([]);
  await turn();
  expect(attempts).toEqual([[1, 2], [3]]);
  queue.push(entry(4));
  await turn();
  expect(attempts.at(-1)).toEqual([4]);
});

test('an event that comes while the last one is being taken is not left behind, whenever it comes', async () => {
  const missing: number[] = [];
  for (let steps = 0; steps < 20; steps += 1) {
    attempts = [];
    const queue = queueOf();
    answer = (seqs) => {
      if (seqs[0] === 1) void after(steps).then(() => queue.push(entry(2)));
      return { done: seqs.length };
    };
    queue.push(entry(1));
    await vi.advanceTimersByTimeAsync(10);
    await vi.advanceTimersByTimeAsync(10);
    if (attempts.flat().at(-1) !== 2) missing.push(steps);
  }
  expect(missing).toEqual([]);
});

/** Resolves after so many steps of promises. */
async function after(steps: number): Promise<void> {
  for (let step = 0; step < steps; step += 1) await Promise.resolve();
}

test('what may be sent again is, after growing pauses, without what was taken', async () => {
  const queue = queueOf();
  let left = 2;
  answer = (seqs) => (left-- > 0 ? failed(true, left === 1 ? 1 : 0) : { done: seqs.length });
  for (const seq of [1, 2, 3]) queue.push(entry(seq));
  await turn();
  expect(attempts).toEqual([[1, 2]]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(attempts).toEqual([
    [1, 2],
    [2, 3],
    [2, 3],
  ]);
  expect([queue.lost, recovered]).toEqual([0, []]);
  expect(log.lines.map(({ message }) => message)).toEqual([
    'audit: audit-test fails: broken. Calls are not affected; up to 1000 events wait for it.',
    'audit: audit-test works again; it has lost 0 events',
  ]);
});

test('after the last repetition a batch is lost; it is said at once, and reported when the sink works again', async () => {
  const queue = queueOf();
  answer = () => failed(true);
  for (const seq of [1, 2, 3]) queue.push(entry(seq));
  await vi.advanceTimersByTimeAsync(240_000);
  expect(attempts.filter(([first]) => first === 1)).toHaveLength(4);
  expect(queue.lost).toBe(3);
  expect(log.matching('error', /loses events: broken/)).toHaveLength(1);
  expect(recovered).toEqual([]);
  answer = (seqs) => ({ done: seqs.length });
  queue.push(entry(4));
  await turn();
  expect(recovered).toEqual([{ sink: 'audit-test', count: 3, fromSeq: 1, toSeq: 3 }]);
  expect(log.matching('warn', /works again; it has lost 3 events/)).toHaveLength(1);
});

test.each<[string, () => Sent | Promise<Sent>]>([
  ['says that it never will', () => failed(false)],
  [
    'throws',
    () => {
      throw new Error('broken');
    },
  ],
  ['rejects', () => Promise.reject(new Error('broken'))],
  ['rejects without a reason', () => Promise.reject(undefined)],
])('a sink that %s loses the batch and gets the next one', async (_how, fails) => {
  const queue = queueOf();
  answer = (seqs) => (seqs[0] === 1 ? fails() : { done: seqs.length });
  for (const seq of [1, 2, 3]) queue.push(entry(seq));
  await turn();
  expect(attempts).toEqual([[1, 2], [3]]);
  expect(recovered).toEqual([{ sink: 'audit-test', count: 2, fromSeq: 1, toSeq: 2 }]);
});

test('a sink that hangs is asked once; it is logged, events wait, and beyond 1 000 they are lost', async () => {
  const queue = queueOf();
  let release = (_sent: Sent) => {};
  answer = () => new Promise((resolve) => (release = resolve));
  for (let seq = 1; seq <= 1_010; seq += 1) queue.push(entry(seq));
  await vi.advanceTimersByTimeAsync(600_000);
  expect(attempts).toHaveLength(1);
  expect(queue.lost).toBe(10);
  answer = (seqs) => ({ done: seqs.length });
  release({ done: 2 });
  await turn();
  expect(attempts.flat().at(-1)).toBe(1_000);
  expect(recovered).toEqual([{ sink: 'audit-test', count: 10, fromSeq: 1_001, toSeq: 1_010 }]);
});

test('one that hangs without a loss is logged too', async () => {
  const queue = queueOf();
  answer = () => new Promise(() => {});
  queue.push(entry(1));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(log.matching('error', /audit-test fails: it has not answered for 5 s/)).toHaveLength(1);
  expect(queue.lost).toBe(0);
});

test('large events wait up to 4 MiB', async () => {
  const queue = queueOf();
  const line = 'x'.repeat(3 * 1_024 * 1_024);
  for (const seq of [1, 2, 3]) queue.push({ ...entry(seq), line });
  expect(queue.lost).toBe(1);
  await turn();
  queue.push({ ...entry(4), line });
  await turn();
  expect(attempts.flat()).toEqual([1, 2, 4]);
});

test('a sink that fails and works in turns is logged at most once a minute', async () => {
  const queue = queueOf({ most: 1 });
  answer = (seqs) => (Number(seqs[0]) % 2 === 0 ? { done: 1 } : failed(false));
  for (let seq = 1; seq <= 100; seq += 1) queue.push(entry(seq));
  await turn();
  expect(queue.lost).toBe(50);
  expect(log.lines).toHaveLength(3);
  expect(recovered).toHaveLength(50);
});

describe('at the end', () => {
  test('what waits is sent, and the sink is closed', async () => {
    const queue = queueOf();
    for (const seq of [1, 2, 3]) queue.push(entry(seq));
    const done = queue.close();
    await turn();
    await done;
    expect([attempts.flat(), closed, log.lines]).toEqual([[1, 2, 3], true, []]);
  });

  test('a sink that fails gets each batch once more, without pauses', async () => {
    const queue = queueOf();
    answer = () => failed(true);
    for (const seq of [1, 2, 3]) queue.push(entry(seq));
    await turn();
    const done = queue.close();
    await turn();
    await done;
    expect(attempts).toEqual([[1, 2], [1, 2], [3]]);
    expect(queue.lost).toBe(3);
    expect(log.matching('error', /audit-test has not got 3 events/)).toHaveLength(1);
  });

  test.each([
    ['answers never', {}],
    ['cannot be closed', { close: () => new Promise<never>(() => {}) }],
  ])('a sink that %s has 2 s', async (what, given) => {
    const queue = queueOf(given);
    let aborted = false;
    if (what === 'answers never')
      answer = (_seqs, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(new Error('aborted'));
          }),
        );
    for (const seq of [1, 2, 3]) queue.push(entry(seq));
    let over = false;
    const done = queue.close().then(() => (over = true));
    await vi.advanceTimersByTimeAsync(1_999);
    expect(over).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await done;
    const hangs = what === 'answers never';
    expect([queue.lost, aborted]).toEqual([hangs ? 3 : 0, hangs]);
    // What comes later is lost, and starts nothing.
    queue.push(entry(4));
    await turn();
    expect(attempts.flat()).not.toContain(4);
  });

  test('a sink whose close rejects is logged', async () => {
    const queue = queueOf({ close: () => Promise.reject(new Error('EIO')) });
    await queue.close();
    expect(log.matching('error', /audit-test fails: EIO/)).toHaveLength(1);
  });
});
