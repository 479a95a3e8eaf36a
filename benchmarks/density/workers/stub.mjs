// The worker of the stub workload, and what its processes of calls run: no media, no model. Each session holds
// 5 MiB, which nothing has touched until SIGUSR2; then the process's title says how many bytes have been.
import { voice } from '@livekit/agents';
import { AgentPool } from '@openrtc/core';

const SESSION_BYTES = 5 * 1024 * 1024;
const [where] = process.argv.slice(2);
// Only the one that runs is loaded. None is kept ready: what is measured has a call.
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
// A worker nobody measures any more. In a process of calls its strategy says when it ends.
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
