// The same agent, providers and session options for every worker under test: what differs is where calls run.
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

/** Turns end by VAD everywhere: no process of its own for a turn detector on one side only. */
export const turnHandling = { turnDetection: 'vad', interruption: { mode: 'vad' } };
