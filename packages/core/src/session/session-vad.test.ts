import { type VAD, inference } from '@livekit/agents';
import { expect, test } from 'vitest';

import { sessionVad } from './session-vad.js';
import type { SharedModels } from './shared-models.js';

const hearing = { audioInput: true, realtime: false };
const modelsWith = (vad?: () => VAD): SharedModels => ({
  executor: { doInference: () => Promise.reject(new Error('not asked here')) },
  turnDetector: false,
  async load() {},
  async [Symbol.asyncDispose]() {},
  ...(vad === undefined ? {} : { vad }),
});

test('the VAD of the options takes precedence over that of the models, and null means none', () => {
  const own = new inference.VAD();
  const models = modelsWith(() => expect.unreachable());
  expect(sessionVad(own, hearing, models)).toBe(own);
  expect(sessionVad(null, hearing, models)).toBeNull();
});

test('without one, each call gets its own from the models', () => {
  const models = modelsWith(() => new inference.VAD());
  const [one, two] = [1, 2].map(() => sessionVad(undefined, hearing, models));
  expect(one).toBeInstanceOf(inference.VAD);
  expect(two).not.toBe(one);
});

test('without models, or with models that have no VAD, the SDK decides', () => {
  expect(sessionVad(undefined, hearing, modelsWith())).toBeUndefined();
  expect(sessionVad(undefined, hearing, undefined)).toBeUndefined();
});

test.each([
  { audioInput: true, realtime: true },
  { audioInput: false, realtime: false },
])('where nothing is to be detected there is none: %o', (facts) => {
  const models = modelsWith(() => expect.unreachable());
  expect(sessionVad(undefined, facts, models)).toBeNull();
  // A VAD that is set explicitly is used.
  const own = new inference.VAD();
  expect(sessionVad(own, facts, models)).toBe(own);
});
