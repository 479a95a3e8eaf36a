import assert from 'node:assert/strict';

import type { HangUp } from '../../call/hang-up.js';
import type { CaseSpec } from './case-spec.js';
import { hurried } from './watched-strategy.js';

const DEADLINE_MS = 300;

/** What a strategy does when its signal aborts. */
export const signalCases: readonly CaseSpec[] = [
  {
    name: 'a call that is still on its way into the room ends when it is hung up',
    async body(rig) {
      const jobId = rig.livekit.dispatch({ metadata: { agent: 'absent' } });
      await rig.until('the call to run', () => rig.pool.runtimeSnapshot().activeSessions === 1);
      rig.livekit.terminate(jobId);
      const { error } = await rig.settled(jobId);
      assert.equal(error, undefined, 'run() resolves');
      const { outcome } = await rig.ended(jobId);
      assert.equal(outcome.reason, 'terminated');
      assert.equal(rig.job(jobId).joined, false, 'the agent never was in the room');
    },
  },
  {
    name: 'a call whose signal has aborted before it runs ends at once',
    hooks: () => ({
      signal: () =>
        AbortSignal.abort({
          reason: 'pool_closed',
          deadline: Date.now() + DEADLINE_MS,
        } satisfies HangUp),
    }),
    async body(rig) {
      const jobId = rig.livekit.dispatch();
      const { outcome } = await rig.ended(jobId);
      assert.equal(outcome.reason, 'pool_closed');
      assert.equal(outcome.status, 'cancelled');
      await rig.settled(jobId);
      assert.deepEqual(rig.started, []);
    },
  },
  {
    name: 'a call that does not want to end settles soon after its deadline, and keeps no place',
    hooks: () => ({ signal: (signal) => hurried(signal, DEADLINE_MS) }),
    async body(rig) {
      const call = await rig.dial({ metadata: { agent: 'stubborn' } });
      rig.livekit.terminate(call.jobId);
      await rig.settled(call.jobId);
      const { outcome } = await rig.ended(call.jobId);
      assert.equal(outcome.reason, 'terminated');
      assert.equal(rig.present(call.agentIdentity), false, 'the agent has left its room');
      assert.equal(rig.pool.runtimeSnapshot().activeSessions, 0);
    },
  },
];
