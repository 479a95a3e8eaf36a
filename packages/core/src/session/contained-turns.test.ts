import type { voice } from '@livekit/agents';
import { describe, expect, test, vi } from 'vitest';

import {
  Listener,
  NOW,
  NoSpeaker,
  SilentSTT,
  Talker,
  boom,
  handingOver,
  hearWhatIsTyped,
} from './contained-failures.fixture.js';
import { reach, rig, start, stillThere } from './contained-rig.fixture.js';
import { HOOK_MS } from './session-limits.js';
import { ToneTTS } from '../testing/providers/tone-tts.js';

// Spoken turns, as far as an endpoint without audio has them: words that are typed come out of the agent's
// own sttNode, and what it says goes through TTS to a speaker nobody hears.

type Turn = Parameters<voice.Agent['onUserTurnCompleted']>;

class TurnFails extends Listener {
  readonly #fail: () => Promise<void>;

  constructor(fail: () => Promise<void>) {
    super();
    this.#fail = fail;
  }

  override async onUserTurnCompleted(...[, message]: Turn): Promise<void> {
    if (message.textContent !== NOW) return;
    rig().log.info({}, 'listening to a turn');
    await this.#fail();
  }
}

const hang = () => new Promise<never>(() => {});
const defaults = {
  roomInput: { textInputCallback: hearWhatIsTyped },
  session: { turnHandling: { turnDetection: 'manual' as const } },
};

describe.each([
  ['in the first agent', false],
  ['in an agent reached by hand-off', true],
])('%s', (_where, byHandOff) => {
  const from = (agent: () => voice.Agent) => (byHandOff ? () => handingOver(agent) : agent);

  test('onUserTurnCompleted throws: counted, and the turn goes on', async () => {
    const { pool, calm } = await start(
      from(() => new TurnFails(async () => boom())),
      { defaults },
    );
    const { call, greeting } = await reach(byHandOff);
    expect(await greeting).toBe('Here.');
    expect(await call.say(NOW)).toBe('You said: now');
    expect(await call.say('still there?')).toBe('You said: still there?');
    expect(await calm.say('and you?')).toBe('You said: and you?');
    expect(pool.runtimeSnapshot().totalHookErrors).toBe(1);
  });

  test('onUserTurnCompleted hangs: counted as failed after its time, and the turn goes on', async () => {
    const { pool, calm } = await start(
      from(() => new TurnFails(hang)),
      { defaults },
    );
    const { call, greeting } = await reach(byHandOff);
    expect(await greeting).toBe('Here.');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
    const reply = call.say(NOW);
    await rig().log.until('listening to a turn');
    await vi.advanceTimersByTimeAsync(HOOK_MS);
    await rig().log.until('onUserTurnCompleted failed');
    expect(await reply).toBe('You said: now');
    vi.useRealTimers();
    expect(await calm.say('and you?')).toBe('You said: and you?');
    expect(pool.runtimeSnapshot().totalHookErrors).toBe(1);
  });

  /** Fails once, and then does what the SDK does. */
  const failingOnce = (node: 'ttsNode' | 'transcriptionNode' | 'sttNode') => () => {
    let failed = false;
    const agent = new Talker({
      tts: new ToneTTS(),
      ...(node === 'sttNode' ? { stt: new SilentSTT() } : {}),
    });
    const usual = agent[node].bind(agent) as (...args: unknown[]) => unknown;
    const value = async (...args: unknown[]) => {
      if (failed) return usual(...args);
      failed = true;
      return boom();
    };
    return Object.defineProperty(agent, node, { value, configurable: true });
  };

  test.each(['ttsNode', 'transcriptionNode', 'sttNode'] as const)(
    '%s throws: counted, and the call goes on',
    async (node) => {
      const { pool, calm, faults } = await start(from(failingOnce(node)), {
        setup: (_ctx, session, { agent }) => {
          if (agent === 'faulty') session.output.audio = new NoSpeaker(24_000);
        },
      });
      const { call, greeting } = await reach(byHandOff);
      await rig().log.until(`${node} failed`);
      // A recogniser that is gone leaves the agent deaf, not dumb.
      if (node === 'sttNode') expect(await greeting).toBe('Here.');
      await (node === 'sttNode' ? stillThere(call) : stillThere(call, greeting));
      expect(pool.runtimeSnapshot().activeSessions).toBe(2);
      expect(await calm.say('and you?')).toBe('You said: and you?');
      call.hangUp();
      expect(await rig().ends.of(call.jobId)).toMatchObject({ reason: 'caller_left' });
      expect(faults.get(call.jobId)).toEqual({ hookErrors: 1, toolErrors: 0 });
    },
  );
});
