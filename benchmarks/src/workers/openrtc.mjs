import { AgentPool } from '@openrtc/core';
import { coroutine } from '@openrtc/isolation-coroutine';
import { TheAgent, greeting, providers, turnHandling } from './the-agent.mjs';

const pool = new AgentPool({
  isolation: coroutine(),
  defaults: {
    stt: () => providers().stt,
    llm: () => providers().llm,
    tts: () => providers().tts,
    session: { turnHandling },
  },
});
pool.add('bench', TheAgent, { greeting });
await pool.run();
