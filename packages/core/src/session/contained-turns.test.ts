import { stt, type voice } from '@livekit/agents';
import { describe, expect, test, vi } from 'vitest';

import {
  Listener,
  NOW,
  NoSpeaker,
  SilentSTT,
  Talker,
  boom,
  hearWhatIsTyped,
  ways,
} from './contained-failures.fixture.js';
import { EchoRealtime } from './echo-realtime.fixture.js';
import { reach, rig, start, stillThere } from './contained-rig.fixture.js';
import { HOOK_MS } from '../call/session-limits.js';
import { ToneTTS } from '../testing/providers/tone-tts.js';

// Spoken turns, as far as an endpoint without audio has them: typed words come out of the agent's own sttNode, and its
// answers go through TTS to a speaker that discards them.

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

const nodes = ['ttsNode', 'transcriptionNode', 'sttNode', 'realtimeAudioOutputNode'] as const;

/** The rest of the node's stream never arrives. */
async function* breakingOff(made: AsyncIterable<unknown>): AsyncIterable<unknown> {
  for await (const chunk of made) {
    yield chunk;
    boom();
  }
}

/** Fails once, and then does what the SDK does. */
function failingOnce(node: (typeof nodes)[number], midStream: boolean): () => voice.Agent {
  return () => {
    let failed = false;
    const agent = new Talker({
      tts: new ToneTTS(),
      ...(node === 'sttNode' ? { stt: new SilentSTT() } : {}),
      ...(node === 'realtimeAudioOutputNode' ? { llm: new EchoRealtime() } : {}),
    });
    const usual = (
      node === 'sttNode' ? async () => ReadableStream.from([interim]) : agent[node].bind(agent)
    ) as (...args: unknown[]) => Promise<ReadableStream>;
    const value = async (...args: unknown[]) => {
      if (failed) return usual(...args);
      failed = true;
      return midStream ? ReadableStream.from(breakingOff(await usual(...args))) : boom();
    };
    return Object.defineProperty(agent, node, { value, configurable: true });
  };
}

const interim: stt.SpeechEvent = {
  type: stt.SpeechEventType.INTERIM_TRANSCRIPT,
  alternatives: [{ language: 'en' as never, text: 'hm', startTime: 0, endTime: 1, confidence: 1 }],
};

describe.each(ways)('%s', (_where, from, byHandOff) => {
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

  test('onUserTurnCompleted hangs: counted as failed after its timeout, and the turn goes on', async () => {
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

  describe.each(nodes)('%s', (node) => {
    test.each([
      ['throws', false],
      ['gives a stream that fails in the middle', true],
    ])('%s: counted, and the call goes on', async (_what, midStream) => {
      const { pool, calm, faults } = await start(from(failingOnce(node, midStream)), {
        defaults: { session: { turnHandling: { turnDetection: 'manual' } } },
        setup: (_ctx, session, { agent }) => {
          if (agent === 'faulty') session.output.audio = new NoSpeaker(24_000);
        },
      });
      const { call, greeting } = await reach(byHandOff);
      // For these two, the first words do not fail: without speech recognition the agent can still talk, and a realtime
      // model does not say given words.
      const later = node === 'sttNode' || node === 'realtimeAudioOutputNode';
      if (later) expect(await greeting).toBe('Here.');
      const broken = node === 'realtimeAudioOutputNode' ? call.say(NOW) : greeting;
      await rig().log.until(`${node} failed`);
      // Text that was written before the failure stays.
      if (midStream) await broken;
      await (midStream || node === 'sttNode' ? stillThere(call) : stillThere(call, broken));
      expect(pool.runtimeSnapshot().activeSessions).toBe(2);
      expect(await calm.say('and you?')).toBe('You said: and you?');
      call.hangUp();
      expect(await rig().ends.of(call.jobId)).toMatchObject({ reason: 'caller_left' });
      expect(faults.get(call.jobId)).toMatchObject({ hookErrors: 1, toolErrors: 0 });
    });
  });
});
