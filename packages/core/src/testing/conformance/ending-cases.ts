import assert from 'node:assert/strict';

import type { SessionEndReason, SessionStatus } from '../../call/end-reason.js';
import type { EmbeddedCall } from '../embedded/embedded-call.js';
import type { CaseSpec } from './case-spec.js';
import type { ConformanceScenario } from './conformance-pool.js';
import type { ConformanceRig } from './conformance-rig.js';

interface Ending {
  readonly how: string;
  readonly scenario?: ConformanceScenario;
  readonly end: (rig: ConformanceRig, call: EmbeddedCall) => void;
  readonly status: SessionStatus;
  readonly reason: SessionEndReason;
  readonly detail?: string;
  /** No end is reported: LiveKit has removed the agent by itself. */
  readonly unrecorded?: true;
}

// Long enough for a greeting, short enough to wait for.
const SHORT_MS = 300;

const endings: readonly Ending[] = [
  {
    how: 'its agent ends it',
    end: (_rig, call) => void call.say('leave').catch(() => undefined),
    status: 'success',
    reason: 'agent_shutdown',
    detail: 'told to leave',
  },
  {
    how: 'its room is deleted',
    end: (rig, call) => void rig.livekit.deleteRoom(call.room),
    status: 'success',
    reason: 'room_closed',
    unrecorded: true,
  },
  {
    how: 'LiveKit ends its job',
    end: (rig, call) => rig.livekit.terminate(call.jobId),
    status: 'success',
    reason: 'terminated',
  },
  {
    how: 'it lasts too long',
    scenario: { maxSessionDurationMs: SHORT_MS },
    end: () => undefined,
    status: 'success',
    reason: 'max_duration',
  },
  {
    how: 'nobody is left in its room',
    scenario: { emptyRoomGraceMs: SHORT_MS },
    end: (_rig, call) => call.dropOut(),
    status: 'success',
    reason: 'empty_room',
  },
  {
    how: 'a drain takes too long',
    scenario: { drainTimeoutMs: SHORT_MS },
    end: (rig) => void rig.pool.drain(),
    status: 'cancelled',
    reason: 'drain_timeout',
  },
  {
    how: 'the pool is closed',
    end: (rig) => void rig.pool.close(),
    status: 'cancelled',
    reason: 'pool_closed',
  },
];

/** The ways a call ends that are no failure. */
export const endingCases: readonly CaseSpec[] = endings.map((ending) => ({
  name: `a call ends as ${ending.status} (${ending.reason}) when ${ending.how}`,
  ...(ending.scenario === undefined ? {} : { scenario: ending.scenario }),
  async body(rig: ConformanceRig) {
    const call = await rig.dial();
    ending.end(rig, call);
    const { outcome } = await rig.ended(call.jobId);
    assert.equal(outcome.reason, ending.reason);
    assert.equal(outcome.status, ending.status);
    if (ending.detail !== undefined) assert.equal(outcome.detail, ending.detail);
    assert.equal((await rig.settled(call.jobId)).error, undefined, 'run() resolves');
    assert.equal(rig.present(call.agentIdentity), false, 'the agent has left its room');
    // Neither cut nor ended calls are failures to LiveKit.
    if (ending.unrecorded !== true)
      assert.deepEqual(await call.ended, { status: 'success', error: '' });
    assert.equal(rig.job(call.jobId).finalReports, 1, 'the status was sent once');
  },
}));
