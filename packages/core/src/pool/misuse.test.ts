import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { silentLogger } from '../base/logger.js';
import { AgentPool } from './agent-pool.js';
import { EchoAgent, PoolHarness, inProcess } from './pool-harness.js';
import type { AgentPoolOptions } from '../options/pool-options.js';

// Untyped: the tests pass what JavaScript users can pass.
const pool = (options: unknown) => new AgentPool(options as AgentPoolOptions);
const invalid = (message: string | RegExp) =>
  expect.objectContaining({
    code: 'CONFIG_INVALID_OPTION',
    message: expect.stringMatching(message),
  });

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

test.each(['maxConcurrentSessions', 'consecutiveFailureLimit', 'joinTimeoutMs', 'routerTimeoutMs'])(
  '%s must be a whole number of at least 1',
  (name) => {
    for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5']) {
      expect(() => pool({ [name]: value }), String(value)).toThrow(
        invalid(`${name} must be a whole number`),
      );
    }
  },
);

test.each(['drainTimeoutMs', 'emptyRoomGraceMs', 'maxSessionDurationMs'])(
  '%s may be 0, and at most the maximum of a timer',
  (name) => {
    expect(() => pool({ [name]: 0 })).not.toThrow();
    for (const value of [-1, Number.NaN, 2 ** 31])
      expect(() => pool({ [name]: value })).toThrow(invalid(name));
  },
);

test('maxEventLoopLagMs is at least the resolution of the meter, or Infinity', () => {
  for (const value of [20, 33.3, Number.POSITIVE_INFINITY])
    expect(() => pool({ maxEventLoopLagMs: value })).not.toThrow();
  for (const value of [0, 19, -1, Number.NaN, '100'])
    expect(() => pool({ maxEventLoopLagMs: value }), String(value)).toThrow(
      invalid('maxEventLoopLagMs must be a number of milliseconds, 20 or more, or Infinity'),
    );
});

test('an option that does not exist is named, with the nearest one that does', () => {
  expect(() => pool({ maxConcurentSessions: 5 })).toThrow(
    invalid(/maxConcurentSessions.*did you mean "maxConcurrentSessions"/),
  );
});

test('for an option that resembles no other, the known ones are listed', () => {
  expect(() => pool({ colour: 'red' })).toThrow(invalid(/colour.*known: isolation, agents/));
});

test('options that are not an object', () => {
  for (const value of [5, 'pool', [], null])
    expect(() => pool(value)).toThrow(/options must be an object|unknown option/);
});

test.each(['agentName', 'deployment', 'deploymentVersion'])(
  'a blank %s is refused; to have none, leave it out',
  (name) => {
    for (const value of ['', '  ', 5])
      expect(() => pool({ [name]: value })).toThrow(
        invalid(`${name} must be a string that is not blank`),
      );
  },
);

test('an agent name that is too long for every answer to have it', () => {
  expect(() => pool({ agentName: 'x'.repeat(256) })).not.toThrow();
  const message = 'agentName (LIVEKIT_AGENT_NAME) must be at most 256 bytes, got 258';
  expect(() => pool({ agentName: 'é'.repeat(129) })).toThrow(message);
  vi.stubEnv('LIVEKIT_AGENT_NAME', 'x'.repeat(258));
  expect(() => pool({})).toThrow(message);
  vi.unstubAllEnvs();
});

test.each(['snake_case', 'two words', 'x'.repeat(65), 'tab\tbed'])(
  'the deployment "%s", with which LiveKit would drop the worker without an error',
  (deployment) => {
    expect(() => pool({ deployment })).toThrow(invalid('deployment '));
  },
);

test.each<[string, object, RegExp]>([
  [
    'no calls',
    { maxSessionsPerAgent: 0 },
    /maxSessionsPerAgent must be a whole number from 1 .*got 0/,
  ],
  ['half a call', { maxSessionsPerTenant: 1.5 }, /maxSessionsPerTenant must be a whole number/],
  ['a text', { maxSessionsPerTenant: '3' }, /or an object of whole numbers by name, got a string/],
  ['a Map', { maxSessionsPerAgent: new Map() }, /of whole numbers by name, got a Map/],
  [
    'none for one agent',
    { maxSessionsPerAgent: { a: 0 } },
    /maxSessionsPerAgent\.a must be .*got 0/,
  ],
  ['undefined', { maxSessionsPerTenant: { a: undefined } }, /maxSessionsPerTenant\.a must not be/],
  [
    'a tenant that cannot be',
    { maxSessionsPerTenant: { ' acme': 1 } },
    /" acme" cannot be a tenant's name: use 1-128 ASCII/,
  ],
])('a limit of calls of %s', (_what, options, message) => {
  expect(() => pool(options)).toThrow(invalid(message));
});

test('an agent whose name cannot be has no limit of calls', () => {
  expect(() => pool({ maxSessionsPerAgent: { 'a b': 1 } })).toThrow(/cannot be an agent's name/);
});

test.each<[string, unknown]>([
  ['a short text', 'secret'],
  ['a short one of two', ['x'.repeat(32), 'secret']],
  ['no text', 5],
  ['none in a list', []],
  ['none', null],
])('a metadata secret that is %s', (_what, metadataSecret) => {
  expect(() => pool({ metadataSecret })).toThrow(
    invalid(/metadataSecret \(OPENRTC_METADATA_SECRET\) must be/),
  );
});

test('a limit for an agent that is not registered', async () => {
  const { url, apiKey, apiSecret } = rig.livekit;
  const limited = new AgentPool({
    maxSessionsPerAgent: { ecko: 1, other: 2 },
    agents: { echo: () => new EchoAgent() },
    livekit: { url, apiKey, apiSecret },
  });
  await expect(limited.run()).rejects.toThrow(
    /no agent "ecko" is registered; did you mean "echo"\?[^]*no agent "other" is registered; registered: echo/,
  );
});

test('a tenant that may call an agent that is not registered', async () => {
  const { running } = rig.start({
    agents: { echo: () => new EchoAgent() },
    tenants: {
      acme: { agents: ['echo', 'ecko'] },
      globex: { agents: ['other\n'] },
      own: { agents: ['echo'], inherit: true },
      any: { inherit: true },
    },
  });
  await expect(running).rejects.toThrow(
    /tenant "acme": agents: no agent "ecko" is registered; did you mean "echo"\?[^]*tenant "globex": agents: no agent "other" is registered; registered: echo/,
  );
});

test('a label of what is deployed that is no label', () => {
  for (const deploymentVersion of ['x'.repeat(65), 'two\nlines'])
    expect(() => pool({ deploymentVersion })).toThrow(invalid('deploymentVersion must be'));
  expect(() => pool({ deploymentVersion: 'release_2026-11 (blue)' })).not.toThrow();
});

test('the name and the version are trimmed', () => {
  expect(pool({ deploymentVersion: ' v7 ' }).runtimeSnapshot().deploymentVersion).toBe('v7');
});

test('observers of the wrong kind', () => {
  for (const observers of [
    {},
    'log',
    [{}],
    [null],
    [{ onSessionEnded: () => {} }],
    [{ onSessionEnd: 5 }],
  ]) {
    expect(() => pool({ observers })).toThrow(invalid('observers'));
  }
});

test('an isolation of the wrong kind, such as the factory instead of what it makes', () => {
  for (const isolation of [inProcess, 'coroutine', {}, null, { open: 5, name: 'x' }]) {
    expect(() => pool({ isolation }), String(isolation)).toThrow(
      invalid('isolation must be a strategy'),
    );
  }
});

test('livekit with unknown keys or values of the wrong kind; a secret is never shown', () => {
  for (const [livekit, message] of [
    ['ws://localhost', 'livekit must be an object { url, apiKey, apiSecret }, got a string'],
    [null, 'livekit must be an object'],
    [{ apikey: 'key' }, 'AgentPool: livekit: unknown option "apikey"; did you mean "apiKey"?'],
    [{ apiSecrets: 'hush' }, 'unknown option "apiSecrets"'],
    [{ hosts: [] }, 'known: url, apiKey, apiSecret, workerToken, allowedHosts'],
    [{ apiSecret: ['hush'] }, 'livekit.apiSecret must be a string, got an array'],
    [{ url: new URL('ws://localhost') }, 'livekit.url must be a string, got a URL'],
  ] as const) {
    const wrong = () => pool({ livekit });
    expect(wrong).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID_OPTION' }));
    expect(wrong).toThrow(message);
    expect(wrong).not.toThrow('hush');
  }
});

test('livekit may be an endpoint, which has more than the options', () => {
  expect(() => pool({ livekit: rig.livekit })).not.toThrow();
  expect(() => pool({ livekit: {} })).not.toThrow();
});

test('a logger without the methods it needs', () => {
  for (const [logger, message] of [
    [console, 'logger must have the methods debug, info, warn, error, child, as a pino logger has'],
    [console, 'got an object without child'],
    [null, 'got null without debug, info, warn, error, child'],
    ['pino', 'got a string without'],
    [{ ...silentLogger, warn: 5 }, 'got an object without warn'],
  ] as const)
    expect(() => pool({ logger })).toThrow(invalid(message));
  expect(() => pool({ logger: silentLogger })).not.toThrow();
});

test('models of the wrong kind, such as the factory instead of what it makes', () => {
  const load = async () => {};
  const executor = { doInference: async () => ({}) };
  for (const models of [
    () => ({}),
    true,
    {},
    { load },
    { load, executor: {}, [Symbol.asyncDispose]: load },
    { load, executor },
  ])
    expect(() => pool({ models })).toThrow(invalid('models must be what models\\(\\) of'));
  expect(() => pool({ models: null })).not.toThrow();
  const some = { load, executor, turnDetector: false, [Symbol.asyncDispose]: load };
  expect(() => pool({ models: some })).not.toThrow();
});

test.each(['router', 'setup'])('%s that is not a function', (name) => {
  expect(() => pool({ [name]: 'later' })).toThrow(invalid(`${name} must be a function`));
});

test('defaults are checked like the options of an agent', () => {
  expect(() => pool({ defaults: { gretting: 'Hi' } })).toThrow(invalid(/did you mean "greeting"/));
});

test('an agent in the options is checked like one that is added', () => {
  expect(() => pool({ agents: { 'not a name': EchoAgent } })).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID_NAME' }),
  );
});

test.each([
  [new Map([['a', class extends EchoAgent {}]]), 'a Map'],
  [[class extends EchoAgent {}], 'an array'],
  [5, 'a number'],
  [null, 'null'],
])('agents that are not an object by name: %s', (agents, got) => {
  expect(() => new AgentPool({ agents: agents as never })).toThrow(
    `agents must be an object of agents by name, such as { support: SupportAgent }, got ${got}`,
  );
});

test.each([
  [{ port: 1 }, 'run(): unknown option "port"'],
  [{ healt: 1 }, 'run(): unknown option "healt"; did you mean "health"?'],
  [{ signal: true }, 'run(): signal must be an AbortSignal'],
  [{ processHandlers: 'no' }, 'run(): processHandlers must be true or false, got a string'],
  [{ cli: 0 }, 'run(): cli must be true or false, got a number'],
  [{ audioDevices: {} }, 'run(): audioDevices must be a function, got an object'],
  [{ health: 5 }, 'run(): health must be { port, host }, got a number'],
  [{ metrics: {} }, 'run(): metrics needs one of jsonFile, jsonlFile'],
  [{ introspection: 1 }, 'run(): introspection must be true or false, got a number'],
  [{ meter: {} }, 'run(): meter must be a Meter'],
  [{ watchdog: { slowMs: 1 } }, 'run(): watchdog.slowMs must be a whole number'],
  [7, 'run(): options must be an object, got a number'],
])('invalid options of run(): %j; it can be called again', async (options, message) => {
  const pool = new AgentPool({ agents: { echo: () => new EchoAgent() } });
  await expect(pool.run(options as never)).rejects.toMatchObject({
    code: 'CONFIG_INVALID_OPTION',
    message: expect.stringContaining(message),
  });
  await expect(pool.connect({ room: 'r' }, options as never)).rejects.toMatchObject({
    code: 'CONFIG_INVALID_OPTION',
    message: expect.stringContaining(message.replace('run()', 'connect()')),
  });
  expect(pool.runtimeSnapshot().state).toBe('idle');
});

test('a pool without agents does not run, and nothing connects', async () => {
  const { running } = rig.start({ agents: {} });
  await expect(running).rejects.toMatchObject({ code: 'CONFIG_NO_AGENTS' });
  expect(rig.livekit.workers).toEqual([]);
});

test('missing credentials fail the run, each named, before anything is opened', async () => {
  let opened = false;
  const isolation = {
    name: 'never',
    open: () => {
      opened = true;
      return Promise.reject(new Error('opened'));
    },
  };
  const { running } = rig.start({ isolation, livekit: { url: '', apiKey: '', apiSecret: '' } });
  await expect(running).rejects.toMatchObject({
    code: 'CONFIG_MISSING_CREDENTIALS',
    message: expect.stringContaining('LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET'),
  });
  expect(opened).toBe(false);
});

test('a malformed URL fails the run', async () => {
  const { running } = rig.start({ livekit: { url: 'my-project', apiKey: 'k', apiSecret: 's' } });
  await expect(running).rejects.toMatchObject({ code: 'CONFIG_INVALID_URL' });
});

test('a secret that is wrong fails the run, and what was opened is closed', async () => {
  const { url, apiKey } = rig.livekit;
  let closed = false;
  const isolation = inProcess();
  const { running } = rig.start({
    isolation: {
      name: 'watched',
      open: async (host, signal) => ({
        ...(await isolation.open(host, signal)),
        async [Symbol.asyncDispose]() {
          closed = true;
        },
      }),
    },
    livekit: { url, apiKey, apiSecret: 'wrong-secret-of-thirty-two-chars!!' },
  });
  await expect(running).rejects.toMatchObject({ code: 'LINK_UNAUTHORIZED' });
  expect(closed).toBe(true);
});

test('a pool runs after a run() whose options could not work', async () => {
  const wrong = new AgentPool(rig.options({ agents: { echo: () => new EchoAgent() } }));
  await expect(wrong.run({ health: 5 } as never)).rejects.toThrow('health must be');
  const running = wrong.run({ processHandlers: false });
  await rig.livekit.until(({ workers }) => workers.length === 1);
  await wrong.close();
  await running;
});

test('no isolation, and the default one not installed: the message says what to install', async () => {
  const { isolation: _none, ...options } = rig.options({ agents: { echo: () => new EchoAgent() } });
  await expect(new AgentPool(options).run({ processHandlers: false })).rejects.toMatchObject({
    code: 'CONFIG_NO_ISOLATION',
    message: expect.stringContaining('npm install @openrtc/isolation-coroutine'),
  });
});

test('an isolation that cannot be opened fails the run with its own error', async () => {
  const broken = { name: 'broken', open: () => Promise.reject(new Error('no docker here')) };
  const { pool: failed, running } = rig.start({ isolation: broken });
  await expect(running).rejects.toThrow('no docker here');
  expect(failed.runtimeSnapshot().state).toBe('closed');
  expect(rig.livekit.workers).toEqual([]);
});
