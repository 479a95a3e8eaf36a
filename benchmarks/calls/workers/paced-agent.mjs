// The agent, providers and session options of every Node worker of bench:calls; only where calls run differs.
// `python/the_agent.py` is the same in Python.
import { voice } from '@livekit/agents';
import { ScriptedSTT, ToneTTS } from '@openrtc/core/testing';
import { PacedLLM } from './paced-llm.mjs';

const HEARD = 'I would like to order a large pizza please';
// Twenty words in one sentence: 400 ms of model time, two seconds of sound.
const ANSWER =
  'of course I have noted one large pizza for you and it will be at your door in about half an hour';

export const greeting = 'Welcome to the benchmark and please tell me what you want.';

export class TheAgent extends voice.Agent {
  constructor() {
    super({ instructions: 'You take orders.' });
  }
}

/** The transcript comes 300 ms after the words; the sound of an answer is available at once, in frames of 100 ms. */
export const providers = () => ({
  stt: new ScriptedSTT({ script: [HEARD], loop: true }),
  llm: new PacedLLM(ANSWER),
  tts: new ToneTTS({ msPerWord: 100 }),
});

/** Turns end by VAD in every worker, and nothing is generated before that. */
export const turnHandling = {
  turnDetection: 'vad',
  interruption: { mode: 'vad' },
  endpointing: { mode: 'fixed', minDelay: 500, maxDelay: 3_000 },
  preemptiveGeneration: { enabled: false },
};
