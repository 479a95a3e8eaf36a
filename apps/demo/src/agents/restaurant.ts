import { voice } from '@livekit/agents';
import { agentConfig } from '@openrtc/core';
import { EchoLLM, ScriptedSTT, ToneTTS } from '@openrtc/core/testing';

class Restaurant extends voice.Agent {
  constructor() {
    super({ instructions: 'You take orders for the pizzeria Napoli. Be brief.' });
  }
}

function answer(userText: string): string {
  return /pizza/i.test(userText)
    ? 'One large pizza, it will be ready in twenty minutes.'
    : 'Sorry, we only have pizza. Which one would you like?';
}

export default agentConfig(
  {
    name: 'restaurant',
    greeting: 'Pizzeria Napoli, what would you like?',
    // Providers that need no key. With keys: stt: 'deepgram/nova-3', llm: 'openai/gpt-4.1-mini', ...
    stt: () =>
      new ScriptedSTT({ script: ['I would like to order a large pizza please'], loop: true }),
    llm: () => new EchoLLM({ reply: answer }),
    tts: () => new ToneTTS({ frequencyHz: 440, msPerWord: 150 }),
  },
  Restaurant,
);
