// The worker, as users write one: a pool, a directory of agents, run(). All its calls are in this process.
import { AgentPool } from '@openrtc/core';
import { coroutine } from '@openrtc/isolation-coroutine';
import { fileURLToPath } from 'node:url';

import { tellCalls, tellState, tellWords } from './telling.js';

const pool = new AgentPool({
  isolation: coroutine(),
  observers: [tellCalls],
  setup: tellWords,
});
await pool.discover(fileURLToPath(new URL('../agents', import.meta.url)));
tellState(pool);
await pool.run();
// All calls are over. Timers that SDK 1.9.0 leaves of closed sessions would hold the process 5 to 15 s more.
process.exit();
