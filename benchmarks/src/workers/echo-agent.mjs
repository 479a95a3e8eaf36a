// The agent, providers and session options of every worker under test; only where calls run differs.
import { voice } from '@livekit/agents';
import { EchoLLM, ScriptedSTT, ToneTTS } from '@openrtc/core/testing';

export const greeting = 'Welcome to the benchmark.';

export class TheAgent extends voice.Agent {
  constructor() {
    super({ instructions: 'You repeat what you hear.' });
  }
}

export const providers = () => ({
  stt: new ScriptedSTT({ script: ['I would like to order a large pizza please'], loop: true }),
  llm: new EchoLLM(),
  tts: new ToneTTS({ msPerWord: 200 }),
});

/** Turns end by VAD in every worker: none has an extra process for a turn detector. */
export const turnHandling = { turnDetection: 'vad', interruption: { mode: 'vad' } };
