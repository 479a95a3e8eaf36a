import assert from 'node:assert/strict';

import { cloning } from '../cloning-isolation.js';
import type { CaseSpec } from './case-spec.js';

/** `reserve()`: asked in time, believed, and told when a call never comes. */
export const admissionCases: readonly CaseSpec[] = [
  {
    name: 'a call the strategy has no place for is refused, and goes to another worker',
    hooks: () => ({ reserve: () => ({ refused: 'isolation', message: 'no place' }) }),
    async body(rig) {
      await rig.startNeighbour({ isolation: cloning() });
      const call = await rig.dial();
      assert.equal(await rig.say(call, 'hello'), 'obedient heard: hello');
      assert.equal(rig.pool.runtimeSnapshot().totalSessionsStarted, 0);
      assert.deepEqual(
        rig.seam.of(call.jobId).filter(({ kind }) => kind !== 'refused'),
        [],
      );
    },
  },
  {
    name: 'a place is taken before LiveKit hears yes, and given back when the call never comes',
    async body(rig) {
      rig.livekit.faults.holdAssignments();
      const jobId = rig.livekit.dispatch();
      await rig.until('the job to be accepted', () => rig.livekit.faults.heldAssignments === 1);
      assert.equal(rig.pool.runtimeSnapshot().reservedSessions, 1);
      const takes = rig.seam.isolation.reserve !== undefined;
      assert.deepEqual(rig.seam.of(jobId), takes ? [{ kind: 'reserved', jobId }] : []);
      rig.livekit.dropWorkers();
      await rig.until(
        'the place to be free',
        () => rig.pool.runtimeSnapshot().reservedSessions === 0,
      );
      assert.deepEqual(
        rig.seam.of(jobId).map(({ kind }) => kind),
        takes ? ['reserved', 'released'] : [],
      );
      assert.equal(rig.pool.runtimeSnapshot().activeSessions, 0);
    },
  },
  {
    name: 'a strategy that is full refuses by reserve(), and takes calls again when one has ended',
    applies: ({ capacity }) => capacity !== undefined,
    async body(rig, { capacity = 0 }) {
      const calls = await Promise.all(Array.from({ length: capacity }, () => rig.dial()));
      const refused = rig.livekit.dispatch();
      assert.equal((await rig.recorded(refused)).status, 'failed');
      assert.deepEqual(rig.seam.of(refused), [{ kind: 'refused', jobId: refused }]);
      assert.equal(rig.pool.runtimeSnapshot().refused.isolation, 1);
      const [first] = calls;
      assert.ok(first);
      await rig.hangUp(first);
      await rig.dial();
      assert.equal(rig.pool.runtimeSnapshot().activeSessions, capacity);
    },
  },
];
