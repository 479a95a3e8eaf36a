import type { voice } from '@livekit/agents';
import { describe, expect, test, vi } from 'vitest';

import {
  Listener,
  NOW,
  NoSpeaker,
  boom,
  handingOver,
  hearWhatIsTyped,
} from './contained-failures.fixture.js';
import { reach, rig, start } from './contained-rig.fixture.js';
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
    if (message.textContent === NOW) await this.#fail();
  }
}

const hang = () => new Promise<never>(() => {});
const defaults = {
  roomInput: { textInputCallback: hearWhatIsTyped },
  session: { turnHandling: { turnDetection: 'manual' as const } },
};

test('onUserTurnCompleted throws: counted, and the turn goes on', async () => {
  const { pool, calm } = await start(() => new TurnFails(async () => boom()), { defaults });
  const { call, greeting } = await reach();
  expect(await greeting).toBe('Here.');
  expect(await call.say(NOW)).toBe('You said: now');
  expect(await call.say('still there?')).toBe('You said: still there?');
  expect(pool.runtimeSnapshot().totalHookErrors).toBe(1);
  call.hangUp();
  await rig().ends.of(call.jobId);
  calm.hangUp();
});
