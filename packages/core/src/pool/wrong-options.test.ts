import { describe, expect, test } from 'vitest';

import { readWorkers } from '../operate/read-workers.js';
import { AgentPool } from './agent-pool.js';
import { serveTickets } from './pool-functions.js';
import { hostCommand } from './command-host.js';
import { EchoAgent } from './pool-harness.js';

// What users of JavaScript pass, and what a typo or a wrong container becomes. None of it may be ignored.
type Loose = (...args: readonly unknown[]) => unknown;

const newPool = () => new AgentPool({ agents: { echo: () => new EchoAgent() } });
const construct: Loose = (options) => new AgentPool(options as never);
const of =
  (method: 'configure' | 'run' | 'connect' | 'discover' | 'add' | 'replace'): Loose =>
  (...args) =>
    (AgentPool.prototype[method] as Loose).call(newPool(), ...args);

const containers: readonly (readonly [string, unknown, string])[] = [
  ['a number', 5, 'a number'],
  ['null', null, 'null'],
  ['a text', 'options', 'a string'],
  ['an array', [], 'an array'],
  ['a Map', new Map([['health', null]]), 'a Map'],
  ['a Set', new Set(['health']), 'a Set'],
  ['a promise', Promise.resolve({}), 'a promise'],
  ['a function', () => ({}), 'a function'],
];

const takers: readonly (readonly [string, (options: unknown) => unknown, string])[] = [
  ['new AgentPool()', construct, 'AgentPool: options must be an object'],
  ['configure()', of('configure'), 'configure(): options must be an object'],
  ['run()', of('run'), 'run(): options must be an object'],
  [
    'connect()',
    (options) => of('connect')({ room: 'r' }, options),
    'connect(): options must be an',
  ],
  ['connect(), its request', of('connect'), "connect(): pass { room: 'its-name' }"],
  ['discover()', (options) => of('discover')('./agents', options), 'discover(): options must be'],
  ['add()', (options) => of('add')('a', EchoAgent, options), 'agent "a": options must be an'],
  [
    'replace()',
    (options) => of('replace')('echo', EchoAgent, options),
    'agent "echo": options must',
  ],
  ['readWorkers()', (options) => readWorkers(options as never), 'readWorkers(): options must be'],
  ['hostCommand()', (options) => hostCommand(options as never), 'hostCommand(): options must be'],
];

async function expectRefused(call: () => unknown, ...parts: readonly string[]): Promise<void> {
  // Whether it throws or rejects is its own affair.
  const refused = await (async () => call())().then(
    () => 'it was accepted',
    (error: unknown) => error,
  );
  for (const part of parts)
    expect(refused).toMatchObject({
      code: 'CONFIG_INVALID_OPTION',
      message: expect.stringContaining(part),
    });
}

describe.each(takers)('%s', (_name, take, message) => {
  test.each(containers)('options that are %s', (_what, given, got) =>
    expectRefused(() => take(given), message, `got ${got}`),
  );
});

describe('options of the pool that hold others', () => {
  test.each<[string, string]>([
    ['agents', 'AgentPool: agents must be an object of agents by name, such as { support: Supp'],
    ['defaults', 'defaults: options must be an object'],
    ['permissions', 'AgentPool: permissions: options must be an object'],
    ['livekit', 'AgentPool: livekit must be an object { url, apiKey, apiSecret }'],
    ['prewarm', 'prewarm must be a function, or an object of loaders such as { menu: () => loadM'],
    ['health', 'AgentPool: health must be { port, host }'],
    ['metrics', 'AgentPool: metrics: options must be an object'],
    ['watchdog', 'AgentPool: watchdog must be { slowMs, stuckMs, killMs } or false'],
    ['observers', 'AgentPool: observers must be an array, such as [{ onSessionEnd:'],
  ])('%s in a Map', (name, message) =>
    expectRefused(() => construct({ [name]: new Map() }), message, 'got a Map'),
  );

  test.each(['session', 'roomInput', 'roomOutput', 'record'])('%s of an agent in a Map', (name) =>
    expectRefused(
      () => of('add')('a', EchoAgent, { [name]: new Map() }),
      `agent "a": ${name} must be an object, got a Map`,
    ),
  );
});

test.each<[string, () => unknown, string]>([
  [
    'an option of configure()',
    () => of('configure')({ maxConcurentSessions: 1 }),
    'configure(): unknown option "maxConcurentSessions"; did you mean "maxConcurrentSessions"?',
  ],
  [
    'an option of the constructor',
    () => of('configure')({ agents: {} }),
    'configure(): unknown option "agents"; only the constructor takes it: new AgentPool({ agents })',
  ],
  [
    'a livekit setting of configure()',
    () => of('configure')({ livekit: { urll: 'ws://x' } }),
    'livekit: unknown option "urll"; did you mean "url"?',
  ],
  ['livekit settings as text', () => of('configure')({ livekit: 'ws://x' }), 'got a string'],
  ['no livekit settings', () => of('configure')({ livekit: null }), 'got null'],
  ['defaults as a number', () => of('configure')({ defaults: 5 }), 'defaults: options must be'],
  ['no defaults', () => of('configure')({ defaults: null }), 'defaults: options must be'],
  [
    'a key of the request of connect()',
    () => of('connect')({ room: 'r', participantIdentitty: 'x' }),
    'connect(): unknown option "participantIdentitty"; did you mean "participantIdentity"?',
  ],
  ['no room', () => of('connect')({}), "connect(): room is missing: pass { room: 'its-name' }"],
  ['a room that is blank', () => of('connect')({ room: ' ' }), 'room must be a string that is not'],
  ['a room that is a number', () => of('connect')({ room: 5 }), 'room must be a string'],
  ['an agent that is a number', () => of('connect')({ room: 'r', agent: 5 }), 'agent must be a'],
  [
    'an option of discover()',
    () => of('discover')('./agents', { importModul: () => {} }),
    'discover(): unknown option "importModul"; did you mean "importModule"?',
  ],
  [
    'an importer that is a text',
    () => of('discover')('./agents', { importModule: 'tsx' }),
    'discover(): importModule must be a function, got a string',
  ],
  ['no directory', () => of('discover')(), "a path or a file: URL, such as './agents', got undef"],
  ['a blank directory', () => of('discover')(' '), 'the directory must be a path or a file: URL'],
  ['several directories', () => of('discover')(['./a', './b']), 'got an array'],
  ['a web address', () => of('discover')(new URL('https://x/y')), 'got a URL with https:'],
  [
    'an option of add()',
    () => of('add')('a', EchoAgent, { gretting: 'Hi' }),
    'agent "a": unknown option "gretting"; did you mean "greeting"?',
  ],
  [
    'an option of replace()',
    () => of('replace')('echo', EchoAgent, { gretting: 'Hi' }),
    'agent "echo": unknown option "gretting"; did you mean "greeting"?',
  ],
  [
    'a key of record',
    () => of('add')('a', EchoAgent, { record: { audo: true } }),
    'agent "a": record: unknown option "audo"; did you mean "audio"?',
  ],
  [
    'a hook of an observer',
    () => construct({ observers: [{ onSessionEnd: () => {}, onSesionStart: () => {} }] }),
    'observers[0]: unknown hook "onSesionStart"; did you mean "onSessionStart"?',
  ],
  [
    'hosts that are a text',
    () => construct({ livekit: { allowedHosts: 'x.example.com' } }),
    'allowedHosts must be an array of hosts',
  ],
  ['hosts in a Set', () => construct({ livekit: { allowedHosts: new Set() } }), 'array of hosts'],
  [
    'an option of readWorkers()',
    () => readWorkers({ directory: '/run' } as never),
    'readWorkers(): unknown option "directory"; did you mean "directories"?',
  ],
  [
    'a directory of readWorkers()',
    () => readWorkers({ directories: '/run' } as never),
    'readWorkers(): directories must be an array of paths',
  ],
  [
    'an option of hostCommand()',
    () => hostCommand({ runn: () => {} } as never),
    'hostCommand(): unknown option "runn"; did you mean "run"?',
  ],
  ['a command that runs nothing', () => hostCommand({} as never), 'run is missing'],
  [
    'the controller instead of its signal',
    () => of('run')({ signal: new AbortController() }),
    'signal must be an AbortSignal, such as the signal of an AbortController, got an object',
  ],
  [
    'an emitter of events instead of a signal',
    () => of('run')({ signal: new EventTarget() }),
    'signal must be an AbortSignal',
  ],
  [
    'no channel',
    () => serveTickets(newPool(), undefined as never),
    'serveTickets(): the channel must have the methods send, onMessage, onClose, close; got undef',
  ],
  [
    'a socket instead of a channel',
    () => serveTickets(newPool(), { send() {}, close() {} } as never),
    'got an object without onMessage, onClose',
  ],
])('%s', (_what, call, message) => expectRefused(call, message));

test('an observer may have members of its own, and agents may be the exports of a module', () => {
  expect(() =>
    construct({ observers: [{ onSessionEnd: () => {}, once: true, onFlush: () => {} }] }),
  ).not.toThrow();
  const exports = Object.create(null, {
    echo: { value: () => new EchoAgent(), enumerable: true },
    [Symbol.toStringTag]: { value: 'Module' },
  }) as never;
  expect(new AgentPool({ agents: exports }).listAgents()).toHaveLength(1);
});
