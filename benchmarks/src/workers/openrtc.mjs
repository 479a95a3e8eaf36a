import { AgentPool } from '@openrtc/core';
import { PerformanceObserver } from 'node:perf_hooks';
import { TheAgent, greeting, providers, turnHandling } from './the-agent.mjs';

// Options of processes() as JSON; without them, coroutine(). Only the one that runs is loaded.
const [options] = process.argv.slice(2);
const isolation =
  options === undefined
    ? (await import('@openrtc/isolation-coroutine')).coroutine()
    : (await import('@openrtc/isolation-process')).processes(JSON.parse(options));

if (process.env.BENCH_GC === '1') tellGc();

const pool = new AgentPool({
  isolation,
  // It must not refuse.
  maxEventLoopLagMs: Infinity,
  defaults: {
    stt: () => providers().stt,
    llm: () => providers().llm,
    tts: () => providers().tts,
    session: { turnHandling },
  },
});
pool.add('bench', TheAgent, { greeting });
await pool.run();

/** Writes every second how long the garbage collector has stopped this process so far. */
function tellGc() {
  let ms = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) ms += duration;
  }).observe({ entryTypes: ['gc'] });
  setInterval(() => console.log(`gc ${process.pid} ${Math.round(ms)}`), 1_000).unref();
}
