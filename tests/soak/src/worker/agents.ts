import { getJobContext, voice } from '@livekit/agents';
import type { AgentPool } from '@openrtc/core';
import { EchoLLM, ScriptedSTT, ToneTTS } from '@openrtc/core/testing';
import { speech } from '@openrtc/test-rig';

import { AGENTS, type AgentName, greetingOf, replyOf } from '../script.js';

/** Adds the agents of the soak, which have real audio and need no API key. */
export function addAgents(pool: AgentPool, music: boolean): void {
  for (const [at, name] of AGENTS.entries()) {
    pool.add(name, agentClass(name, music), {
      greeting: greetingOf(name),
      stt: () => new ScriptedSTT({ script: [speech[name].text], loop: true }),
      llm: () => new EchoLLM({ reply: () => replyOf(name) }),
      // Each agent has a tone of its own.
      tts: () => new ToneTTS({ frequencyHz: 440 + 220 * at, msPerWord: 150 }),
    });
  }
}

// Too quiet for the callers, who wait for silence.
const VOLUME = 0.001;

function agentClass(name: AgentName, music: boolean): new () => voice.Agent {
  return class extends voice.Agent {
    constructor() {
      super({ instructions: `You answer for ${name}.` });
    }

    override async onEnter(): Promise<void> {
      if (!music) return;
      // As in the SDK's example, and never closed.
      const player = new voice.BackgroundAudioPlayer({
        ambientSound: { source: voice.BuiltinAudioClip.OFFICE_AMBIENCE, volume: VOLUME },
      });
      await player.start({ room: getJobContext().room, agentSession: this.session });
    }
  };
}
