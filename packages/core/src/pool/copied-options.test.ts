import { afterEach, beforeEach, expect, test } from 'vitest';

import { agentConfig } from '../agents/agent-config.js';
import type { AgentOptions } from '../agents/agent-options.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import { AgentPool } from './agent-pool.js';
import { EchoAgent, PoolHarness } from './pool-harness.js';

// A pool keeps what it was given: what the owner changes in it later has no effect.
let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

const agentOptions = () => ({
  greeting: { instructions: 'Greet.' },
  session: {
    maxToolSteps: 2,
    turnHandling: { interruption: { minWords: 3 } },
  },
  roomInput: { textEnabled: true },
  roomOutput: { transcriptionEnabled: true },
  record: { audio: true },
});

type Given = ReturnType<typeof agentOptions>;

const changes: readonly (readonly [string, (given: Given) => void])[] = [
  ['greeting', ({ greeting }) => void (greeting.instructions = 'Curse.')],
  ['session', ({ session }) => void (session.maxToolSteps = 9)],
  ['a part of session', ({ session }) => void (session.turnHandling.interruption.minWords = 0)],
  ['roomInput', ({ roomInput }) => void (roomInput.textEnabled = false)],
  ['roomOutput', ({ roomOutput }) => void (roomOutput.transcriptionEnabled = false)],
  ['record', ({ record }) => void (record.audio = false)],
];

const ways: readonly (readonly [string, (given: Given) => Readonly<AgentOptions>])[] = [
  ['add()', (given) => new AgentPool().add('echo', () => new EchoAgent(), given)],
  [
    'replace()',
    (given) => {
      const pool = new AgentPool({ agents: { echo: () => new EchoAgent() } });
      return pool.replace('echo', () => new EchoAgent(), given);
    },
  ],
  [
    'agentConfig()',
    (given) => new AgentPool().add('echo', agentConfig(given, class extends EchoAgent {})),
  ],
  [
    'the defaults of a pool',
    ({ record: _record, ...defaults }) => new AgentPool({ defaults }).defaults,
  ],
  [
    'the defaults of configure()',
    ({ record: _record, ...defaults }) => {
      const pool = new AgentPool();
      pool.configure({ defaults });
      return pool.defaults;
    },
  ],
];

test.each(
  ways.flatMap(([way, give]) =>
    changes.map(([what, change]) => [way, what, give, change] as const),
  ),
)('%s: %s', (_way, _what, give, change) => {
  const given = agentOptions();
  const kept = give(given);
  const before = structuredClone(kept.session);
  change(given);
  const { session, greeting, roomInput, roomOutput, record } = agentOptions();
  expect(kept).toMatchObject({ session, greeting, roomInput, roomOutput });
  expect(kept.session).toEqual(before);
  if (kept.record !== undefined) expect(kept.record).toEqual(record);
});

test('providers and tools stay the objects they are', () => {
  const tool = { name: 'weather', [Symbol('tool')]: true };
  const session = { tools: [tool] } as unknown as NonNullable<AgentOptions['session']>;
  const config = new AgentPool().add('echo', () => new EchoAgent(), { session });
  expect((config.session as unknown as { tools: object[] }).tools[0]).toBe(tool);
});

test('agents are registered by the constructor', () => {
  const agents: NonNullable<AgentPoolOptions['agents']> = { echo: () => new EchoAgent() };
  const pool = new AgentPool({ agents });
  (agents as Record<string, unknown>)['late'] = () => new EchoAgent();
  expect(pool.listAgents().map(({ name }) => name)).toEqual(['echo']);
});

test.each<[string, (given: AgentPoolOptions) => void]>([
  ['livekit', ({ livekit }) => Object.assign(livekit ?? {}, { url: 'ws://127.0.0.1:1' })],
  [
    'prewarm',
    ({ prewarm }) => Object.assign(prewarm ?? {}, { more: () => Promise.reject(new Error()) }),
  ],
  ['observers', ({ observers }) => (observers as unknown[]).push({ onSessionStart: 5 })],
  ['jobTypes', ({ jobTypes }) => (jobTypes as string[]).push('publisher')],
  ['permissions', ({ permissions }) => Object.assign(permissions ?? {}, { hidden: true })],
  ['health', (given) => Object.assign(given.health ?? {}, { port: -1 })],
  [
    'the options themselves',
    (given) => Object.assign(given, { isolation: 5, logger: 5, setup: 5 }),
  ],
])('%s', async (_what, change) => {
  const { url, apiKey, apiSecret } = rig.livekit;
  const seen: string[] = [];
  const given = rig.options({
    agents: { echo: () => new EchoAgent() },
    livekit: { url, apiKey, apiSecret },
    prewarm: { menu: () => 'soup' },
    observers: [{ onSessionStart: ({ agent }) => void seen.push(agent) }],
    jobTypes: ['room'],
    permissions: { hidden: false },
    health: { port: 0 },
  });
  const pool = new AgentPool(given);
  change(given);
  const running = pool.run({ processHandlers: false });
  await rig.livekit.until(({ workers }) => workers.length === 1);
  const call = await rig.livekit.call();
  expect(await call.say('hello')).toBe('You said: hello');
  call.hangUp();
  await call.ended;
  await pool.drain();
  await running;
  expect(seen).toEqual(['echo']);
  expect(pool.runtimeSnapshot().livekit.registrations).toHaveLength(1);
});

test('run() reads its options when it is called', async () => {
  const pool = new AgentPool(rig.options({ agents: { echo: () => new EchoAgent() } }));
  const health = { port: 0 };
  const running = pool.run({ processHandlers: false, health });
  health.port = -1;
  await rig.livekit.until(({ workers }) => workers.length === 1);
  expect(pool.runtimeSnapshot().health?.port).toBeGreaterThan(0);
  await pool.close();
  await running;
});
