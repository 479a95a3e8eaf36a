import { AgentPool } from '@openrtc/core';
import { PerformanceObserver } from 'node:perf_hooks';

// As JSON. `agent`: the module with the agent and its providers. `processes`: options of processes(), without them
// coroutine(). `detector`: turns end by the turn detector, as they do by default, instead of by VAD.
const options = JSON.parse(process.argv[2] ?? '{}');
const { agent = './echo-agent.mjs', processes, detector = false } = options;
const { TheAgent, greeting, providers, turnHandling } = await import(agent);
const { turnDetection, ...byDetector } = turnHandling;
// Only the strategy that runs is loaded.
const isolation =
  processes === undefined
    ? (await import('@openrtc/isolation-coroutine')).coroutine()
    : (await import('@openrtc/isolation-process')).processes(processes);

if (process.env.BENCH_GC === '1') logGcPauses();

const pool = new AgentPool({
  isolation,
  // It must not refuse calls: how many it can take is what is measured.
  maxConcurrentSessions: 200,
  maxEventLoopLagMs: Infinity,
  defaults: {
    stt: () => providers().stt,
    llm: () => providers().llm,
    tts: () => providers().tts,
    session: { turnHandling: detector ? byDetector : { turnDetection, ...byDetector } },
  },
});
pool.add('bench', TheAgent, { greeting });
await pool.run();

/** Logs every second how long the garbage collector has paused this process so far. */
function logGcPauses() {
  let ms = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) ms += duration;
  }).observe({ entryTypes: ['gc'] });
  setInterval(() => console.log(`gc ${process.pid} ${Math.round(ms)}`), 1_000).unref();
}
