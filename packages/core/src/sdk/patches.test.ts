import { Task, initializeLogger, llm, log, stt, tts, voice } from '@livekit/agents';
import { createRequire } from 'node:module';
import { beforeAll, expect, test } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { currentFfiClient } from './ffi-client.js';
import { callPatches, loadPatches, prepareSdk, processPatches } from './patches.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

const sdk = createRequire(createRequire(import.meta.url).resolve('@livekit/agents'));
const { ThrowsPromise } = sdk('@livekit/throws-transformer/throws') as {
  ThrowsPromise: { race: unknown };
};

/** Everything a patch of the process changes. */
function surface() {
  return {
    cancelAndWait: Object.getOwnPropertyDescriptor(Task.prototype, 'cancelAndWait'),
    race: ThrowsPromise.race,
    listens: Object.hasOwn(stt.STT.prototype, 'on'),
    updateAgent: Object.getOwnPropertyDescriptor(voice.AgentSession.prototype, 'updateAgent'),
    updateOptions: Object.getOwnPropertyDescriptor(voice.Agent.prototype, 'updateOptions'),
    say: Object.getOwnPropertyDescriptor(voice.AgentSession.prototype, 'say'),
    toolsOf: Object.getOwnPropertyDescriptor(llm.Toolset.prototype, 'tools'),
    // Whether constructions are noted.
    base: Object.getPrototypeOf(tts.TTS) as unknown,
    toolsetBase: Object.getPrototypeOf(llm.AsyncToolset) as unknown,
    toolsets: Object.getOwnPropertyDescriptor(llm.ToolContext.prototype, 'toolsets'),
    recovery: Object.getOwnPropertyDescriptor(tts.FallbackAdapter.prototype, 'tryRecovery'),
    logger: log() as unknown,
    client: currentFfiClient(),
  };
}

test('every patch has a name of its own, a reason, and the versions it was written for', () => {
  const all = [...processPatches, ...loadPatches, ...callPatches];
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  for (const { name, why, versions } of all) {
    expect(name).toMatch(/^[a-z-]+$/);
    expect(why).toMatch(/\.$/);
    expect(versions).toMatch(/^@livekit\/(agents|rtc-node) \d/);
  }
  for (const { undo, apply } of callPatches) {
    expect(undo).toMatch(/\.$/);
    expect(apply).toBeTypeOf('function');
  }
  expect(new Set(all.map(({ apply }) => apply)).size).toBe(all.length);
});

test('the patches of the process are there for the first pool, and undone with the last', async () => {
  const before = surface();
  const logger = new LogBook();
  const [first, second] = [prepareSdk(logger), prepareSdk(logger)];
  const applied = surface();
  expect(applied.cancelAndWait?.value).not.toBe(before.cancelAndWait?.value);
  expect(applied.race).not.toBe(before.race);
  expect(applied.listens).toBe(true);
  expect(applied.updateAgent?.value).not.toBe(before.updateAgent?.value);
  expect(applied.updateOptions?.value).not.toBe(before.updateOptions?.value);
  expect(applied.say?.value).not.toBe(before.say?.value);
  expect(applied.toolsOf).not.toEqual(before.toolsOf);
  expect(applied.base).not.toBe(before.base);
  expect(applied.toolsetBase).not.toBe(before.toolsetBase);
  expect(applied.toolsets).not.toEqual(before.toolsets);
  expect(applied.recovery?.value).not.toBe(before.recovery?.value);
  expect(applied.logger).not.toBe(before.logger);
  expect(applied.client).toBeDefined();
  await first();
  expect(surface()).toEqual(applied);
  await second();
  expect(surface()).toEqual(before);
  expect(logger.matching('warn', /./)).toEqual([]);
});
