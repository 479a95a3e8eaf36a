import { type JobContext, initializeLogger, log } from '@livekit/agents';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { silentLogger } from '../base/logger.js';
import { SessionEnd } from '../call/session-end.js';
import { type CurrentCall, runInCall } from './current-call.js';
import { endingNoisePatch } from './ending-noise.js';

const LOGGER = Symbol.for('@livekit/agents:logger');

let undo: () => unknown;
let before: unknown;
let debug: ReturnType<typeof vi.spyOn>;
let warn: ReturnType<typeof vi.spyOn>;

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

beforeEach(() => {
  before = Reflect.get(globalThis, LOGGER);
  debug = vi.spyOn(log(), 'debug');
  warn = vi.spyOn(log(), 'warn');
  undo = endingNoisePatch.apply(new LogBook());
});

afterEach(() => {
  void undo();
  vi.restoreAllMocks();
  expect(Reflect.get(globalThis, LOGGER)).toBe(before);
});

function callThat(state: 'goes on' | 'has ended' | 'closes its session'): CurrentCall {
  const end = new SessionEnd();
  if (state === 'has ended') end.because('caller_left');
  const ctx = { _primaryAgentSession: { closing: state === 'closes its session' } };
  return {
    jobId: 'AJ_1',
    agent: 'a',
    tenant: 'default',
    room: 'lobby',
    ctx: ctx as unknown as JobContext,
    end,
    logger: silentLogger,
  };
}

const ending = [
  'skipping user input, speech scheduling is paused',
  'skipping onUserTurnCompleted, speech scheduling is paused',
  'skipping reply to user input, speech scheduling is paused',
  'attempting to schedule a new SpeechHandle while speech scheduling is paused or stopped; the speech will be cancelled',
  'SegmentSynchronizerImpl.markPlaybackFinished called before text/audio input is done',
];

test.each(ending)('of a call that ends it is no warning: %s', (message) => {
  for (const state of ['has ended', 'closes its session'] as const)
    runInCall(callThat(state), () => log().warn({ some: 'field' }, message));
  expect(debug.mock.calls).toEqual([
    [{ some: 'field' }, message],
    [{ some: 'field' }, message],
  ]);
  expect(warn).not.toHaveBeenCalled();
});

test.each(ending)('of a call that goes on, or outside of calls, it is a warning: %s', (message) => {
  runInCall(callThat('goes on'), () => log().warn(message));
  log().warn(message);
  expect(warn.mock.calls).toEqual([[message], [message]]);
  expect(debug).not.toHaveBeenCalled();
});

test('any other warning stays one', () => {
  runInCall(callThat('has ended'), () => log().warn('the disk is full'));
  expect(warn.mock.calls).toEqual([['the disk is full']]);
});
