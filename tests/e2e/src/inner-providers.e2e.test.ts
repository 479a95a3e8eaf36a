import { expect, it, vi } from 'vitest';

import { describeRealCalls } from './real-calls.js';

const PATIENCE = { timeout: 60_000, interval: 250 };

// What the caller says first fails; what the caller says then is answered, or not.
const rows = {
  tts_rejected: {
    heard: false,
    providers: [{ kind: 'tts', label: 'plain.TTS', code: '401', recoverable: false, count: 1 }],
    turns: { asked: 2, answered: 1, unanswered: 1, lastUnanswered: 'provider_error' },
  },
  tts_fallback: {
    heard: true,
    providers: [{ kind: 'tts', label: 'plain.TTS', code: '401', recoverable: true, count: 1 }],
    turns: { asked: 2, answered: 2, unanswered: 0, lastUnanswered: null },
  },
  tts_silent: {
    heard: false,
    providers: [
      { kind: 'tts', label: 'plain.TTS', code: 'no_audio', recoverable: false, count: 1 },
    ],
    turns: { asked: 2, answered: 1, unanswered: 1, lastUnanswered: 'provider_error' },
  },
} as const;

const deaf = {
  stt_rejected: [
    { kind: 'stt', label: 'plain.STT', code: '401', recoverable: false, count: expect.any(Number) },
  ],
  stt_ending: [{ kind: 'stt', label: 'ending.STT', code: 'ended', recoverable: false, count: 1 }],
};

describeRealCalls('calls whose provider is inside another one, and fails', (real) => {
  it.each([['coroutine'], ['processes:3']])(
    '%s: the call goes on, and what the caller got is counted',
    { timeout: 240_000 },
    async (isolation) => {
      const worker = await real.startWorker({ agents: 'inner-providers', isolation });
      const turnsOver = (room: string, count: number) =>
        vi.waitFor(async () => {
          const { sessions } = await worker.snapshot();
          const turns = sessions.find((each) => each.room === room)?.turns;
          expect((turns?.answered ?? 0) + (turns?.unanswered ?? 0)).toBeGreaterThanOrEqual(count);
        }, PATIENCE);

      for (const [agent, { heard, ...expected }] of Object.entries(rows)) {
        const caller = await real.joinListening({ agent });
        await caller.sendText('fail please');
        if (heard) await caller.waitForAudio({ minMs: 200 });
        await turnsOver(caller.room, 1);
        await caller.sendText('okay then');
        if (!heard) await caller.waitForAudio({ minMs: 200 });
        await turnsOver(caller.room, 2);
        await caller.hangUp();
        const { outcome } = await worker.ended(caller.room);
        expect(outcome, agent).toMatchObject({ status: 'success', turns: expected.turns });
        expect(outcome.faults.providers, agent).toEqual(expected.providers);
      }

      for (const [agent, providers] of Object.entries(deaf)) {
        const caller = await real.joinListening({ agent }, { microphone: true });
        await caller.speak('hours', { awaitListener: false });
        // The first words end the stream that hears them; that of the next ones is known.
        if (agent === 'stt_ending') await caller.speak('hours', { awaitListener: false });
        await turnsOver(caller.room, 1);
        await caller.hangUp();
        const { outcome } = await worker.ended(caller.room);
        expect(outcome, agent).toMatchObject({
          status: 'success',
          faults: { providers },
          turns: { answered: 0, lastUnanswered: 'provider_error' },
        });
      }
      expect(worker.output).toMatch(/the agent hears nothing until it gets another STT/);
      await real.closeWorkers();
    },
  );
});
