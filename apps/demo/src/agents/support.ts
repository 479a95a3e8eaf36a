import { voice } from '@livekit/agents';
import { agentConfig } from '@openrtc/core';
import { EchoLLM, ScriptedSTT, ToneTTS } from '@openrtc/core/testing';

class Support extends voice.Agent {
  constructor() {
    super({ instructions: 'You help customers of an internet provider. Be patient.' });
  }
}

function answer(userText: string): string {
  return /internet/i.test(userText)
    ? 'I am sorry to hear that. Is the light on your router green or red?'
    : 'I see. Please tell me more about it.';
}

export default agentConfig(
  {
    name: 'support',
    greeting: 'Internet support, how can I help you?',
    stt: () =>
      new ScriptedSTT({ script: ['My internet is not working, can you help?'], loop: true }),
    llm: () => new EchoLLM({ reply: answer }),
    tts: () => new ToneTTS({ frequencyHz: 660, msPerWord: 150 }),
  },
  Support,
);
