import { initializeLogger, inference, runWithJobContext } from '@livekit/agents';
import { JobProcess } from '@livekit/agents';
import { beforeAll, expect, test } from 'vitest';

import { createEmbeddedRoom } from '../testing/embedded/embedded-room.js';
import { ticketOf } from '../call/ticket.fixture.js';
import { createJobContext } from './job-context.js';
import { turnHandling } from './turn-handling.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

const hearing = { audioInput: true, realtime: false, turnDetector: false };

test('without a model to detect turns, the VAD does, and interruption is by VAD', () => {
  expect(turnHandling(undefined, hearing)).toEqual({
    turnDetection: 'vad',
    interruption: { mode: 'vad' },
  });
});

test('without audio there are no turns to detect', () => {
  expect(turnHandling(undefined, { ...hearing, audioInput: false }).turnDetection).toBeNull();
  expect(
    turnHandling(undefined, { ...hearing, audioInput: false, realtime: true }).turnDetection,
  ).toBeNull();
});

test('a realtime model gets nothing forced on it', () => {
  expect(turnHandling(undefined, { ...hearing, realtime: true, turnDetector: true })).toEqual({});
  const user = { interruption: { minWords: 2 } };
  expect(turnHandling(user, { ...hearing, realtime: true })).toEqual(user);
});

test('options of the user are merged one level deep', () => {
  const user = { interruption: { minWords: 2 }, endpointing: { minDelay: 300 } };
  expect(turnHandling(user, hearing)).toEqual({
    turnDetection: 'vad',
    interruption: { mode: 'vad', minWords: 2 },
    endpointing: { minDelay: 300 },
  });
});

test('adaptive interruption, which calls the cloud, is there for who asks', () => {
  expect(turnHandling({ interruption: { mode: 'adaptive' } }, hearing).interruption).toEqual({
    mode: 'adaptive',
  });
});

test('null opts out of turn detection, and a choice is kept', () => {
  expect(
    turnHandling({ turnDetection: null }, { ...hearing, turnDetector: true }).turnDetection,
  ).toBeNull();
  expect(
    turnHandling({ turnDetection: 'stt' }, { ...hearing, turnDetector: true }).turnDetection,
  ).toBe('stt');
  expect(
    turnHandling({ turnDetection: 'manual' }, { ...hearing, audioInput: false }).turnDetection,
  ).toBe('manual');
});

test('the options of the user are not written to', () => {
  const user = Object.freeze({ interruption: Object.freeze({ minWords: 2 }) });
  expect(() => turnHandling(user, hearing)).not.toThrow();
});

test('the local turn detector is used where it can be served, one for each call', () => {
  const ctx = createJobContext({
    ticket: ticketOf(),
    room: createEmbeddedRoom(),
    process: new JobProcess(),
    executor: { doInference: () => Promise.reject(new Error('not asked here')) },
    credentials: undefined,
    onShutdown: () => {},
  });
  const detectors = runWithJobContext(ctx, () =>
    [1, 2].map(() => turnHandling(undefined, { ...hearing, turnDetector: true }).turnDetection),
  );
  for (const detector of detectors) expect(detector).toBeInstanceOf(inference.TurnDetector);
  expect(new Set(detectors).size).toBe(2);
});
