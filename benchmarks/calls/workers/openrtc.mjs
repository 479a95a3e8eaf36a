import { AgentPool } from '@openrtc/core';
import { TheAgent, greeting, providers, turnHandling } from './paced-agent.mjs';

// `processes`: its options, without them coroutine(); only the one that runs is loaded. `detector`: turns end by
// the turn detector, as they do by default, and not by VAD.
const { processes, detector = false } = JSON.parse(process.argv[2] ?? '{}');
const isolation =
  processes === undefined
    ? (await import('@openrtc/isolation-coroutine')).coroutine()
    : (await import('@openrtc/isolation-process')).processes(processes);
const { turnDetection, ...byDefault } = turnHandling;

const pool = new AgentPool({
  isolation,
  // It must not refuse: how many calls it bears is what is measured.
  maxConcurrentSessions: 200,
  maxEventLoopLagMs: Infinity,
  defaults: {
    stt: () => providers().stt,
    llm: () => providers().llm,
    tts: () => providers().tts,
    session: { turnHandling: detector ? byDefault : { turnDetection, ...byDefault } },
  },
});
pool.add('bench', TheAgent, { greeting });
await pool.run();
