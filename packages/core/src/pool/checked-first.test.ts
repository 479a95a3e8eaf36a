import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { faultsOf } from '../base/all-faults.js';
import type { OpenRtcError } from '../base/errors.js';
import type { RunOptions } from '../options/run-options.js';
import { AgentPool } from './agent-pool.js';
import { checkConfiguration } from './pool-functions.js';
import { EchoAgent, PoolHarness, inProcess } from './pool-harness.js';

// Whoever mends a configuration wants to know all of its faults, and nothing may be open meanwhile.
let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
  for (const name of ['LIVEKIT_URL', 'LIVEKIT_API_KEY', 'LIVEKIT_API_SECRET'])
    vi.stubEnv(name, undefined);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rig.close();
});

const agents = { echo: () => new EchoAgent() };
const watched = { health: { port: 0 }, introspection: true };

/** A pool with these faults, and what was opened of it. */
function poolWith(options: object) {
  const opened: string[] = [];
  const inner = inProcess();
  const isolation = {
    name: 'watched',
    open: (...args: Parameters<typeof inner.open>) => {
      opened.push('isolation');
      return inner.open(...args);
    },
  };
  const pool = new AgentPool(rig.options({ isolation, ...options }));
  return { pool, opened };
}

const cases: readonly (readonly [string, object, object, readonly string[]])[] = [
  ['no credentials', { agents, livekit: {} }, {}, ['CONFIG_MISSING_CREDENTIALS']],
  [
    'an invalid URL and no key',
    { agents, livekit: { url: 'my-project', apiSecret: 's' } },
    {},
    ['CONFIG_MISSING_CREDENTIALS', 'CONFIG_INVALID_URL'],
  ],
  [
    'no agents and no credentials',
    { livekit: {} },
    {},
    ['CONFIG_NO_AGENTS', 'CONFIG_MISSING_CREDENTIALS'],
  ],
  [
    'no isolation and no credentials',
    { agents, livekit: {}, isolation: undefined },
    {},
    ['CONFIG_MISSING_CREDENTIALS', 'CONFIG_NO_ISOLATION'],
  ],
  [
    'everything',
    { livekit: { url: 'ftp://x' }, isolation: undefined },
    { cli: 0, healt: 5, watchdog: { slowMs: 1 } },
    [
      'CONFIG_INVALID_OPTION',
      'CONFIG_INVALID_OPTION',
      'CONFIG_INVALID_OPTION',
      'CONFIG_NO_AGENTS',
      'CONFIG_MISSING_CREDENTIALS',
      'CONFIG_INVALID_URL',
      'CONFIG_NO_ISOLATION',
    ],
  ],
];

describe.each(cases)('%s', (_what, options, run, codes) => {
  const given = { processHandlers: false, ...watched, ...run } as RunOptions;

  test('run() names every fault, opens nothing, and can be called again', async () => {
    const { pool, opened } = poolWith(options);
    const error = await pool.run(given).then(
      () => expect.unreachable(),
      (reason: unknown) => reason as OpenRtcError,
    );
    expect(faultsOf(error).map(({ code }) => code)).toEqual(codes);
    for (const { message } of faultsOf(error)) expect(error.message).toContain(message);
    expect(opened).toEqual([]);
    expect(rig.log.lines).toEqual([]);
    expect(pool.runtimeSnapshot()).toMatchObject({ state: 'idle', health: null });
  });

  test('a command finds the same faults before it opens anything of its own', () => {
    const { pool } = poolWith(options);
    const check = () => checkConfiguration(pool, given);
    expect(check).toThrow(expect.objectContaining({ code: codes[0] }));
    expect(pool.runtimeSnapshot().state).toBe('idle');
  });
});

test('all faults of the constructor, and of configure()', () => {
  const wrong = {
    maxConcurrentSessions: 0,
    drainTimeoutMs: 'x',
    colour: 'red',
    health: 5,
  } as never;
  const messages = [
    /unknown option "colour"/,
    /maxConcurrentSessions must be/,
    /drainTimeoutMs must be/,
    /health must be/,
  ];
  for (const message of messages) expect(() => new AgentPool(wrong)).toThrow(message);
  const { colour: _colour, ...known } = wrong as Record<string, unknown>;
  for (const message of messages.slice(1))
    expect(() => new AgentPool().configure(known as never)).toThrow(message);
});

test('connect() names every fault too, and opens nothing', async () => {
  const { pool, opened } = poolWith({ agents, livekit: {} });
  const connecting = pool.connect({ agent: 'ech', romm: 'x' } as never, { cli: 0 } as never);
  const error = await connecting.then(
    () => expect.unreachable(),
    (reason: unknown) => reason as OpenRtcError,
  );
  expect(faultsOf(error).map(({ message }) => message)).toEqual([
    'connect(): unknown option "romm"; did you mean "room"?',
    "connect(): room is missing: pass { room: 'its-name' }",
    'no agent named "ech" (registered: echo); did you mean "echo"?',
    'connect(): cli must be true or false, got a number',
    expect.stringContaining('Missing LIVEKIT_URL'),
  ]);
  expect(opened).toEqual([]);
});

test('a pool whose configuration was mended runs', async () => {
  const { url, apiKey, apiSecret } = rig.livekit;
  const { pool } = poolWith({ livekit: {} });
  await expect(pool.run({ processHandlers: false })).rejects.toThrow('2 things are wrong');
  pool.add('echo', () => new EchoAgent());
  pool.configure({ livekit: { url, apiKey, apiSecret } });
  const running = pool.run({ processHandlers: false });
  await rig.livekit.until(({ workers }) => workers.length === 1);
  await pool.close();
  await running;
});
