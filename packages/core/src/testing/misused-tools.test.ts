import { afterAll, beforeAll, expect, test } from 'vitest';

import * as testing from './index.js';

// A mistyped option of a test would make it test something else.
type Loose = (...args: readonly unknown[]) => unknown;
const tools: Readonly<Record<string, unknown>> = { ...testing };
const of = (name: string): Loose => tools[name] as Loose;
const make =
  (name: string): Loose =>
  (...args) =>
    new (tools[name] as new (...given: readonly unknown[]) => unknown)(...args);

let livekit: testing.EmbeddedLiveKit;
beforeAll(async () => {
  livekit = await testing.startEmbeddedLiveKit();
});
afterAll(() => livekit.close());
const dispatch: Loose = (options) => livekit.dispatch(options as never);
const call: Loose = (options) => livekit.call(options as never);

const target = { host: '127.0.0.1', port: 7_880 };
const it = () => {};
const createStrategy = () => testing.cloning();

test.each<[string, Loose, unknown, string]>([
  ['startEmbeddedLiveKit', of('startEmbeddedLiveKit'), null, 'options must be an object, got null'],
  ['startEmbeddedLiveKit', of('startEmbeddedLiveKit'), new Map(), 'got a Map'],
  ['startEmbeddedLiveKit', of('startEmbeddedLiveKit'), { targetLod: 1 }, 'mean "targetLoad"?'],
  ['startEmbeddedLiveKit', of('startEmbeddedLiveKit'), { targetLoad: 2 }, 'a number from 0 to 1'],
  [
    'startEmbeddedLiveKit',
    of('startEmbeddedLiveKit'),
    { departureTimeoutMs: '5' },
    'departureTimeoutMs must be a whole number',
  ],
  ['dispatch', dispatch, 5, 'dispatch(): options must be an object, got a number'],
  ['dispatch', dispatch, { metdata: {} }, 'unknown option "metdata"; did you mean "metadata"?'],
  ['dispatch', dispatch, { room: 5 }, 'room must be a string that is not blank'],
  ['dispatch', dispatch, { metadata: 5 }, 'metadata must be an object, got a number'],
  ['dispatch', dispatch, { jobMetadata: new Map() }, 'jobMetadata must be an object, got a Map'],
  ['dispatch', dispatch, { agentName: null }, 'agentName must be a string, got null'],
  ['call', call, null, 'call(): options must be an object, got null'],
  ['call', call, { identitty: 'ada' }, 'did you mean "identity"?'],
  ['call', call, { attributes: 'x' }, 'attributes must be an object, got a string'],
  ['call', call, { joinTimeoutMs: 'x' }, 'joinTimeoutMs must be a whole number'],
  ['startTcpProxy', of('startTcpProxy'), undefined, 'options must be an object, got undefined'],
  ['startTcpProxy', of('startTcpProxy'), { target, onlyy: '/a' }, 'did you mean "only"?'],
  ['startTcpProxy', of('startTcpProxy'), { target: 'x:1' }, 'target must be an address, such as'],
  ['startTcpProxy', of('startTcpProxy'), { target: { port: 1 } }, 'target needs both'],
  [
    'startTcpProxy',
    of('startTcpProxy'),
    { target: { ...target, port: '1' } },
    'target.port must be a whole number from 1 to 65535, got a string',
  ],
  [
    'EchoLLM',
    make('EchoLLM'),
    { repli: () => '' },
    'EchoLLM: unknown option "repli"; did you mean',
  ],
  ['EchoLLM', make('EchoLLM'), () => '', 'EchoLLM: options must be an object, got a function'],
  ['EchoLLM', make('EchoLLM'), { reply: 'Hi' }, 'EchoLLM: reply must be a function, got a string'],
  ['EchoLLM', make('EchoLLM'), { tokenDelayMs: -1 }, 'tokenDelayMs must be a whole number'],
  ['ScriptedSTT', make('ScriptedSTT'), undefined, 'options must be an object, got undefined'],
  ['ScriptedSTT', make('ScriptedSTT'), ['Hello'], 'options must be an object, got an array'],
  [
    'ScriptedSTT',
    make('ScriptedSTT'),
    { script: 'Hello' },
    "such as ['Hello.', 'Goodbye.'], got a",
  ],
  ['ScriptedSTT', make('ScriptedSTT'), { script: [], lop: true }, 'did you mean "loop"?'],
  ['ToneTTS', make('ToneTTS'), { frequencyHertz: 1 }, 'did you mean "frequencyHz"?'],
  ['ToneTTS', make('ToneTTS'), { loud: true }, 'known: frequencyHz, msPerWord, maxMs'],
  ['ToneTTS', make('ToneTTS'), 440, 'ToneTTS: options must be an object, got a number'],
  ['ToneTTS', make('ToneTTS'), { frequencyHz: '440' }, 'frequencyHz must be a number from 1'],
  ['cloning', of('cloning'), { name: 'x' }, 'unknown option "name"; there are none'],
  ['isolationCases', of('isolationCases'), undefined, 'options must be an object, got undefined'],
  ['isolationCases', of('isolationCases'), {}, 'createStrategy is missing'],
  ['isolationCases', of('isolationCases'), { createStrategi: it }, 'mean "createStrategy"?'],
  ['isolationCases', of('isolationCases'), { createStrategy, capacity: 1 }, 'capacity must be a'],
  ['describeIsolation', of('describeIsolation'), { createStrategy }, 'it is missing'],
  [
    'describeIsolation',
    of('describeIsolation'),
    { createStrategy, it, capasity: 3 },
    'describeIsolation(): unknown option "capasity"; did you mean "capacity"?',
  ],
  ['conformancePool', of('conformancePool'), { prewarmFail: true }, 'mean "prewarmFails"?'],
  ['conformancePool', of('conformancePool'), '{}', 'options must be an object, got a string'],
  ['conformancePool', of('conformancePool'), { prewarmFails: 'no' }, 'must be true or false'],
])('%s: %#', async (_name, tool, options, message) => {
  const refused = await (async () => tool(options))().then(
    () => 'it was accepted',
    (error: unknown) => error,
  );
  expect(refused).toMatchObject({
    code: 'CONFIG_INVALID_OPTION',
    message: expect.stringContaining(message),
  });
});
