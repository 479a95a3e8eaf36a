import { initializeLogger, inference, runWithJobContext } from '@livekit/agents';
import { JobProcess } from '@livekit/agents';
import { beforeAll, expect, test } from 'vitest';

import { createEmbeddedRoom } from '../testing/embedded/embedded-room.js';
import { ticketOf } from '../call/ticket.fixture.js';
import { createJobContext } from './job-context.js';
import { mayNeedTurnDetector, turnHandling } from './turn-handling.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

const hearing = { audioInput: true, realtime: false, turnDetector: false };

test('without a turn detector, turns and interruptions are detected by the VAD', () => {
  expect(turnHandling(undefined, hearing)).toEqual({
    turnDetection: 'vad',
    interruption: { mode: 'vad' },
  });
});

test('without audio, turn detection is off', () => {
  expect(turnHandling(undefined, { ...hearing, audioInput: false }).turnDetection).toBeNull();
  expect(
    turnHandling(undefined, { ...hearing, audioInput: false, realtime: true }).turnDetection,
  ).toBeNull();
});

test('for a realtime model nothing is set', () => {
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

test('adaptive interruption, which calls LiveKit Cloud, can be set', () => {
  expect(turnHandling({ interruption: { mode: 'adaptive' } }, hearing).interruption).toEqual({
    mode: 'adaptive',
  });
});

test('null turns turn detection off, and an explicit choice is kept', () => {
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

test('the options of the user are not changed', () => {
  const user = Object.freeze({ interruption: Object.freeze({ minWords: 2 }) });
  expect(() => turnHandling(user, hearing)).not.toThrow();
});

test('the local turn detector is used where it can be served, and each call gets its own', () => {
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

type Handling = Parameters<typeof turnHandling>[0];
const session = (handling: Handling) => ({ session: { turnHandling: handling ?? {} } });

test.each([
  ['nothing is said', {}, undefined, true],
  ['the agent says vad', session({ turnDetection: 'vad' }), undefined, false],
  ['the agent turns it off', session({ turnDetection: null }), undefined, false],
  ['the pool says stt', {}, session({ turnDetection: 'stt' }), false],
  ['the agent has other options', session({ interruption: { minWords: 2 } }), undefined, true],
  [
    'the agent has other options, the pool says vad',
    session({ interruption: { minWords: 2 } }),
    session({ turnDetection: 'vad' }),
    false,
  ],
])('whether an agent may need the turn detector: %s', (_name, agent, defaults, needed) => {
  expect(mayNeedTurnDetector(agent, defaults)).toBe(needed);
});
