// The worker of the stub workload and its processes of calls: no media, no model. Each session holds 5 MiB, which are
// unwritten until SIGUSR2; the title of the process then shows how many bytes were written.
import { voice } from '@livekit/agents';
import { AgentPool } from '@openrtc/core';

const SESSION_BYTES = 5 * 1024 * 1024;
const [where] = process.argv.slice(2);
// Only the strategy that runs is loaded. No idle process is kept: every measured process has a call.
const isolation =
  where === 'process'
    ? (await import('@openrtc/isolation-process')).processes({ idleProcesses: 0 })
    : (await import('@openrtc/isolation-coroutine')).coroutine();

const held = new Set();
process.on('SIGUSR2', () => {
  let touched = 0;
  for (const bytes of held) touched += bytes.fill(1).byteLength;
  process.title = `touched ${touched}`;
});
// Ends the worker with the benchmark. In a process of calls the strategy decides when it ends.
if (process.env.OPENRTC_SERVE_TICKETS === undefined)
  process.once('disconnect', () => process.exit());

const pool = new AgentPool({
  isolation,
  models: null,
  maxConcurrentSessions: 1_000,
  maxEventLoopLagMs: Infinity,
  joinTimeoutMs: 60_000,
  setup() {
    const bytes = new Uint8Array(SESSION_BYTES);
    held.add(bytes);
    return bytes;
  },
});
pool.add('stub', () => new voice.Agent({ instructions: '' }));
await pool.run();
