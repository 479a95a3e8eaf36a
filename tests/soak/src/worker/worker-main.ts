// The worker under test: one pool in a process of its own, which reports on request what it holds.
import { AgentPool } from '@openrtc/core';
import { coroutine } from '@openrtc/isolation-coroutine';
import { processes } from '@openrtc/isolation-process';
import { models } from '@openrtc/prewarm';
import { writeHeapSnapshot } from 'node:v8';

import type { FromWorker, ToWorker } from '../reading.js';
import { addAgents } from './agents.js';
import { takeReading } from './take-reading.js';

const send = (message: FromWorker): void => {
  process.send?.(message);
};

const [kind, sessionsPerProcess = '1'] = (process.env['SOAK_ISOLATION'] ?? 'coroutine').split(':');
const isolation =
  kind === 'coroutine'
    ? coroutine()
    : processes({ sessionsPerProcess: Number(sessionsPerProcess) });
const pool = new AgentPool({ isolation, models: models() });
addAgents(pool, process.env['SOAK_MUSIC'] === '1');

// A process of calls runs this, too, but the messages to it have another shape.
process.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'read':
      takeReading(pool).then(
        (reading) => send({ type: 'reading', reading }),
        (error: unknown) => send({ type: 'unreadable', error: String(error) }),
      );
      break;
    case 'heap':
      send({ type: 'heap', path: writeHeapSnapshot(message.path) });
  }
});
process.on('disconnect', () => process.exit(99));
// The channel to the parent must not keep a drained worker alive.
process.channel?.unref();

await pool.run();
