import { spawn } from 'node:child_process';
import { AsyncLocalStorage } from 'node:async_hooks';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { deferred } from '../base/deferred.js';
import { LogBook } from '../base/log-book.js';
import type { LoopBlock } from '../call/loop-block.js';
import { LoopWatch, type LoopWatchOptions } from './loop-watch.js';
import { SLOTS, loopWatchThread } from './loop-watch-thread.js';

const limits = {
  slowMs: 200,
  stuckMs: Number.POSITIVE_INFINITY,
  killMs: Number.POSITIVE_INFINITY,
};
const calls = new AsyncLocalStorage<string>();

let log: LogBook;
let blocks: { readonly block: LoopBlock; readonly jobId: string | undefined }[];
let next = deferred();
const watches: LoopWatch[] = [];

function watch(thread: LoopWatchOptions['thread']): LoopWatch {
  const made = new LoopWatch({
    limits,
    thread,
    currentJob: () => calls.getStore(),
    onBlock: (block, jobId) => {
      blocks.push({ block, jobId });
      next.resolve();
    },
    logger: log,
  });
  watches.push(made);
  return made;
}

/** Blocks the event loop until the thread has sampled it; how long that takes depends on the machine. */
function spinLikeATool(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until) JSON.stringify({ until });
}

/**
 * Spins until a block was reported with its stack. That may take several tries: the thread takes one sample in 5 s at
 * most, perhaps during a hiccup of the machine, and a block that other processes cause has no stack.
 * @param job - the call it must name; default: any or none
 */
async function reportOf(spin: () => void, job?: string) {
  for (;;) {
    next = deferred();
    spin();
    await next.promise;
    const found = blocks.find(
      ({ block, jobId }) =>
        block.culprit?.function === 'spinLikeATool' && (job === undefined || jobId === job),
    );
    if (found !== undefined) return found;
  }
}

const turns = (times: number) =>
  new Promise<void>((resolve) => {
    const turn = (left: number) => (left === 0 ? resolve() : setTimeout(turn, 50, left - 1));
    turn(times);
  });

beforeEach(() => {
  log = new LogBook();
  blocks = [];
  next = deferred();
});

afterEach(async () => {
  for (const each of watches.splice(0)) await each[Symbol.asyncDispose]();
});

test('a block is reported with call, function and line', async () => {
  watch('now');
  await turns(10);
  const { block, jobId } = await reportOf(
    () => calls.run('AJ_1', () => spinLikeATool(3_000)),
    'AJ_1',
  );
  expect(jobId).toBe('AJ_1');
  expect(block.cause).toBe('code');
  expect(block.culprit?.file).toContain('loop-watch.test.ts');
  expect(
    log.matching('warn', /blocked for \d+ ms by spinLikeATool \(loop-watch/).length,
  ).toBeGreaterThan(0);
});

test('a block by code of another vm context is attributed to its call', async () => {
  const source = `(function spinLikeATool(ms, now) {
    const until = now() + ms;
    while (now() < until) JSON.stringify({ until });
  })`;
  const spin = runInNewContext(source) as (ms: number, now: () => number) => void;
  watch('now');
  await turns(10);
  const { jobId } = await reportOf(() =>
    calls.run('AJ_1', () => spin(3_000, () => performance.now())),
  );
  expect(jobId).toBe('AJ_1');
});

test('a block whose stack was not sampled says so', async () => {
  watch('now');
  await turns(10);
  // One sample in 5 s at most, so of several blocks in a row the later ones have none.
  while (!log.has('by code whose place could not be read')) {
    next = deferred();
    spinLikeATool(400);
    await next.promise;
  }
  expect(blocks.some(({ block }) => block.cause === 'code' && block.stack.length === 0)).toBe(true);
});

test('a block outside of calls is attributed to no call', async () => {
  watch('now');
  await turns(10);
  const { block, jobId } = await reportOf(() => spinLikeATool(3_000));
  expect(jobId).toBeUndefined();
  expect(block.cause).toBe('code');
});

test('until the thread has started a block is reported without a stack, and later with it', async () => {
  watch('after_block');
  await turns(4);
  calls.run('AJ_1', () => spinLikeATool(1_000));
  await next.promise;
  expect(blocks[0]).toMatchObject({ jobId: undefined, block: { cause: 'unknown', stack: [] } });
  await turns(20);
  const { jobId } = await reportOf(() => calls.run('AJ_2', () => spinLikeATool(3_000)), 'AJ_2');
  expect(jobId).toBe('AJ_2');
});

test('the thread logs an endless block and kills the process', async () => {
  // On a busy machine the stack comes late: it must be there when the block is logged.
  const data = { everyMs: 50, sampleMs: 100, stuckMs: 2_000, killMs: 3_000, call: '"AJ_1"' };
  const program = `
    const { Worker } = require('node:worker_threads');
    const shared = new SharedArrayBuffer(12);
    const workerData = { ...${JSON.stringify(data)}, shared };
    const thread = new Worker(${JSON.stringify(loopWatchThread)}, { eval: true, workerData });
    const state = new Int32Array(shared);
    setInterval(() => Atomics.add(state, ${SLOTS.beat}, 1), 50);
    function forEver() { for (;;) JSON.stringify({}); }
    thread.once('online', () => setTimeout(forEver, 200));
  `;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const signal = await new Promise((resolve) => child.once('close', (_code, by) => resolve(by)));
  expect(signal).toBe('SIGKILL');
  const lines = said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    { level: 50, jobId: 'AJ_1', msg: expect.stringContaining('still is') },
    { level: 60, msg: expect.stringContaining('killing this process') },
  ]);
  expect(lines[0].stack[0]).toMatchObject({ function: 'forEver' });
});

test('disposing leaves nothing behind', async () => {
  const one = watch('now');
  await one[Symbol.asyncDispose]();
  spinLikeATool(500);
  await turns(10);
  expect(blocks).toEqual([]);
});
