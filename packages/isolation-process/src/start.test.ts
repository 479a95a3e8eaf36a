import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';

import { exists, fixture, ProcessRig } from './process-rig.fixture.js';

test.each([
  [
    'throws',
    'throws.mjs',
    /ended with exit code 1 before it was ready: Error: this entry has no menu/,
  ],
  ['does not run its pool', 'ends.mjs', /your entry ended without a call of pool\.run\(\)/],
  [
    'runs something else',
    'runs-no-pool.mjs',
    /not ready within 2000 ms .* did not call pool\.run\(\)/,
  ],
  [
    'is not there',
    'nowhere.mjs',
    /before it was ready: Error \[ERR_MODULE_NOT_FOUND\]: Cannot find module/,
  ],
])(
  'an entry that %s fails the start, with one error that says why',
  async (_what, name, reason) => {
    // Only an entry that keeps running needs a timeout; the others end when they have loaded, however long that takes.
    const waits = name === 'runs-no-pool.mjs' ? { startTimeoutMs: 2_000 } : {};
    await using rig = await ProcessRig.begin({ entry: fixture(name), ...waits });
    await expect(rig.running).rejects.toMatchObject({
      code: 'ISOLATION_START_FAILED',
      message: expect.stringMatching(reason),
    });
    expect(rig.livekit.workers).toEqual([]);
    expect(rig.log.filter(({ level }) => level === 'error')).toHaveLength(1);
  },
);

test('a cancelled start ends its process', async () => {
  const rig = await ProcessRig.begin({ entry: fixture('runs-no-pool.mjs') });
  await rig.livekit.close();
  await rig.pool.drain();
  await expect(rig.running).resolves.toBeUndefined();
  expect(rig.log.filter(({ level }) => level === 'error')).toEqual([]);
});

test('while no process can start, new calls are refused and live ones go on; later calls are taken again', async () => {
  const broken = join(tmpdir(), `openrtc-broken-${process.pid}`);
  await using rig = await ProcessRig.open({
    entry: fixture('once.mjs'),
    env: { BROKEN_WHEN: broken },
    idleProcesses: 0,
  });
  const call = await rig.call();
  await writeFile(broken, '');
  try {
    await rig.ended((await fails(rig)).jobId);
    await rig.until(() => (rig.pool.runtimeSnapshot().refused.isolation ?? 0) > 0);
    expect(await call.say('hello')).toBe('heard hello');
  } finally {
    await rm(broken);
  }
  await rig.until(async () => {
    try {
      await rig.call();
      return true;
    } catch {
      // Refused while the last failure is recent.
      return false;
    }
  });
});

/** Dispatches a call for which no process can start; a later call is refused. */
async function fails(rig: ProcessRig): Promise<{ readonly jobId: string }> {
  const jobId = rig.livekit.dispatch();
  await rig.ended(jobId);
  expect(rig.outcomes.get(jobId)).toMatchObject({ error: { code: 'ISOLATION_START_FAILED' } });
  // On a busy machine the next start may be due again before the next call comes. Each one that fails is followed by a
  // longer wait.
  await rig.until(async () => {
    const error = await rig.livekit.call().catch((reason: unknown) => reason);
    return error instanceof Error && error.message.includes('refused');
  });
  return { jobId };
}

test('an entry that listens to messages of its parent takes none from the pool', async () => {
  await using rig = await ProcessRig.open({ entry: fixture('listens.mjs') });
  expect(await (await rig.call()).say('hello')).toBe('heard hello');
});

test('each pool of an entry with several gets its own calls', async () => {
  // The pool of this test and the first one of the fixture have the same number: the first of their process.
  await using rig = await ProcessRig.open({ entry: fixture('two-pools.mjs') });
  const call = await rig.call();
  expect(JSON.parse(await call.say('userdata'))).toEqual({ pool: 'first' });
});

test('prewarm runs in each process, and not in the worker', async () => {
  let prewarmed = 0;
  await using rig = await ProcessRig.open({}, { prewarm: () => void (prewarmed += 1) });
  const call = await rig.call();
  expect(JSON.parse(await call.say('userdata'))).toEqual({ loadedBy: call.pid });
  expect(prewarmed).toBe(0);
});

test('inference runs in the worker, whichever process asks for it', async () => {
  await using rig = await ProcessRig.open();
  const calls = [await rig.call(), await rig.call()];
  for (const call of calls) {
    await call.say('infer 21');
    await call.say('infer menu');
    await rig.until(async () => (JSON.parse(await call.say('inferred')) as unknown[]).length === 2);
    expect(JSON.parse(await call.say('inferred'))).toEqual([
      { pid: process.pid, result: 42 },
      'double takes a number',
    ]);
  }
});

test('a process gets the keys of providers and not those of the worker', async () => {
  vi.stubEnv('LIVEKIT_API_SECRET', 'the-secret-of-the-worker');
  vi.stubEnv('OPENAI_API_KEY', 'the-key-of-a-provider');
  vi.stubEnv('GONE', 'here');
  await using rig = await ProcessRig.open({ env: { GONE: undefined, MINE: 'yes' } });
  vi.unstubAllEnvs();
  const call = await rig.call();
  const seen: string[] = [];
  for (const name of [
    'LIVEKIT_API_SECRET',
    'OPENAI_API_KEY',
    'GONE',
    'MINE',
    'OPENRTC_SERVE_TICKETS',
  ])
    seen.push(await call.say(`env ${name}`));
  expect(seen).toEqual(['undefined', 'the-key-of-a-provider', 'undefined', 'yes', 'undefined']);
});

test('a pool that is closed leaves no process behind', async () => {
  const rig = await ProcessRig.open({ idleProcesses: 2 });
  await rig.call();
  await rig.until(async () => (await rig.processes()).length === 3);
  const pids = (await rig.processes()).map(({ pid }) => pid);
  await rig[Symbol.asyncDispose]();
  expect(pids.filter(exists)).toEqual([]);
});
