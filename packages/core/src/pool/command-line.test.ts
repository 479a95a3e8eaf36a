import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach, expect, test, vi } from 'vitest';

import { deferred } from '../base/deferred.js';
import { AgentPool } from './agent-pool.js';
import { hostCommand } from './command-host.js';
import { commandLine } from './command-line.js';
import { manual } from './manual-isolation.fixture.js';
import { EchoAgent, PoolHarness } from './pool-harness.js';

let release = () => {};

afterEach(() => {
  release();
  release = () => {};
});

// A place where nothing is installed.
const ENTRY = '/main.js';

function poolOfOne(): AgentPool {
  return new AgentPool({ agents: { echo: () => new EchoAgent() } });
}

test('arguments that are not a verb are ignored', () => {
  for (const args of [[], ['run'], ['--port', '1'], ['Start']])
    expect(commandLine(['node', ENTRY, ...args])).toBeUndefined();
});

test.each(['start', 'dev'])('run() answers %s itself', (verb) => {
  expect(commandLine(['node', ENTRY, verb])).toBeUndefined();
});

test('for another verb without the command, the error says what to install', async () => {
  const answer = commandLine(['node', ENTRY, 'console']);
  await expect(answer?.(poolOfOne(), {})).rejects.toMatchObject({
    code: 'CONFIG_NO_COMMAND',
    message: expect.stringContaining('npm install @openrtc/cli'),
  });
});

test('run() is passed to the hosting command, and ends when the command does', async () => {
  const over = deferred();
  const run = vi.fn(() => over.promise);
  release = hostCommand({ run });
  const pool = poolOfOne();
  const running = pool.run({ processHandlers: false });
  expect(pool.run()).toBe(running);
  expect(run.mock.calls).toEqual([[pool, { processHandlers: false }]]);
  expect(pool.runtimeSnapshot().state).toBe('idle');
  over.resolve();
  await running;
});

test('a pool belongs to the command that was hosting when it was constructed, and to no later one', async () => {
  const early = poolOfOne();
  const run = vi.fn(async () => {});
  release = hostCommand({ run });
  const hosted = poolOfOne();
  release();
  const afterwards = vi.fn(async () => {});
  release = hostCommand({ run: afterwards });
  for (const pool of [early, hosted]) {
    const drained = new AbortController();
    drained.abort();
    // Both run themselves, and end before they connect.
    await pool
      .run({ processHandlers: false, signal: drained.signal })
      .catch((error: unknown) => expect(error).toMatchObject({ code: /^CONFIG_/ }));
  }
  expect([run, afterwards].map((each) => each.mock.calls.length)).toEqual([0, 0]);
});

test('the command itself runs the pool with cli: false', async () => {
  const rig = await PoolHarness.start();
  try {
    release = hostCommand({
      run: (pool, options) => pool.run({ ...options, cli: false }),
    });
    const { pool, running } = rig.start({ isolation: manual().strategy });
    await rig.livekit.until(({ workers }) => workers.length === 1);
    await pool.drain();
    await running;
  } finally {
    await rig.close();
  }
});

test('discover() imports as the command does, unless importModule is given', async () => {
  const imported: string[] = [];
  const importModule = async (url: string) => {
    imported.push(url);
    return { default: EchoAgent };
  };
  release = hostCommand({ run: async () => {}, importer: { importModule } });
  const directory = await mkdtemp(join(tmpdir(), 'openrtc-discover-'));
  const path = join(await realpath(directory), 'agent.ts');
  try {
    await writeFile(path, '');
    await poolOfOne().discover(directory);
    expect(imported).toEqual([pathToFileURL(path).href]);
    const own = vi.fn(async () => ({ default: EchoAgent }));
    await poolOfOne().discover(directory, { importModule: own });
    expect(own).toHaveBeenCalledOnce();
    expect(imported).toHaveLength(1);
  } finally {
    await rm(directory, { recursive: true });
  }
});
