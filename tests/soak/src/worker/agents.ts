import { voice } from '@livekit/agents';
import type { AgentPool } from '@openrtc/core';
import { EchoLLM, ScriptedSTT, ToneTTS } from '@openrtc/core/testing';
import { speech } from '@openrtc/test-rig';

import { AGENTS, type AgentName, greetingOf, replyOf } from '../script.js';

/** Adds the agents of the soak, which have real audio and need no API key. */
export function addAgents(pool: AgentPool): void {
  for (const [at, name] of AGENTS.entries()) {
    pool.add(name, agentClass(name), {
      greeting: greetingOf(name),
      stt: () => new ScriptedSTT({ script: [speech[name].text], loop: true }),
      llm: () => new EchoLLM({ reply: () => replyOf(name) }),
      // Each agent has a tone of its own.
      tts: () => new ToneTTS({ frequencyHz: 440 + 220 * at, msPerWord: 150 }),
    });
  }
}

function agentClass(name: AgentName): new () => voice.Agent {
  return class extends voice.Agent {
    constructor() {
      super({ instructions: `You answer for ${name}.` });
    }
  };
}
