// The worker, as users write one: a pool, a directory of agents, run(). All calls run in this process.
import { AgentPool } from '@openrtc/core';
import { coroutine } from '@openrtc/isolation-coroutine';
import { fileURLToPath } from 'node:url';

import { reportCalls, reportState, reportWords } from './reports.js';

const pool = new AgentPool({
  isolation: coroutine(),
  observers: [reportCalls],
  setup: reportWords,
});
await pool.discover(fileURLToPath(new URL('../agents', import.meta.url)));
reportState(pool);
await pool.run();
// All calls have ended. Timers that SDK 1.9.0 leaves after closed sessions would keep the process alive 5 to 15 s more.
process.exit();
