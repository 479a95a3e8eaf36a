import assert from 'node:assert/strict';

import type { CaseSpec } from './case-spec.js';
import { WORDS } from './conformance-agents.js';

/** Calls that fail, and what stays whole beside them. */
export const failureCases: readonly CaseSpec[] = [
  {
    name: 'a call whose agent cannot be built rejects with code, message, stack and cause, and was never in its room',
    async body(rig) {
      const jobId = rig.livekit.dispatch({ metadata: { agent: 'broken' } });
      const { error } = await rig.settled(jobId);
      assert.equal(error?.code, 'SESSION_AGENT_FAILED');
      assert.match(error.message, new RegExp(WORDS.constructor));
      assert.ok(error.stack, 'the stack is kept');
      assert.equal(error.cause?.message, WORDS.constructor, 'the cause is kept');
      const { outcome } = await rig.ended(jobId);
      assert.equal(outcome.status, 'failed');
      assert.equal(outcome.reason, 'failed');
      assert.equal(outcome.error?.code, 'SESSION_AGENT_FAILED');
      const job = await rig.recorded(jobId);
      assert.equal(job.status, 'failed');
      assert.match(job.error, new RegExp(`^SESSION_AGENT_FAILED: .*${WORDS.constructor}`));
      assert.equal(job.finalReports, 1, 'the status was sent once');
      assert.equal(job.joined, false, 'the agent never was in the room');
      assert.deepEqual(rig.started, [], 'no start is told');
    },
  },
  {
    name: 'a provider that fails ends its own call as failed, and no other',
    async body(rig) {
      const [sibling, call] = [await rig.dial(), await rig.dial()];
      call.say('fail').catch(() => undefined);
      const { error } = await rig.settled(call.jobId);
      assert.equal(error?.code, 'SESSION_CLOSED_WITH_ERROR');
      assert.match(error.message, new RegExp(WORDS.provider));
      const { outcome } = await rig.ended(call.jobId);
      assert.equal(outcome.status, 'failed');
      const recorded = await call.ended;
      assert.equal(recorded.status, 'failed');
      assert.match(recorded.error, /^SESSION_CLOSED_WITH_ERROR: /);
      assert.equal(rig.job(call.jobId).finalReports, 1, 'the status was sent once');
      assert.equal(rig.present(call.agentIdentity), false, 'the agent has left its room');
      assert.equal(await rig.say(sibling, 'hello'), 'obedient heard: hello');
      await rig.hangUp(sibling);
      assert.deepEqual(await sibling.ended, { status: 'success', error: '' });
    },
  },
  {
    name: 'after a failed call the next one is answered',
    async body(rig) {
      await rig.ended(rig.livekit.dispatch({ metadata: { agent: 'broken' } }));
      const call = await rig.dial();
      assert.equal(await rig.say(call, 'hello'), 'obedient heard: hello');
    },
  },
  {
    name: 'a call whose process dies is recorded as failed, its agent is put out, and the next call is answered',
    applies: ({ crash }) => crash !== undefined,
    async body(rig, { crash }) {
      const call = await rig.dial();
      await crash?.(call.jobId);
      const { error } = await rig.settled(call.jobId);
      assert.equal(error?.code, 'ISOLATION_LOST');
      const { outcome } = await rig.ended(call.jobId);
      assert.equal(outcome.status, 'failed');
      assert.equal(outcome.error?.code, 'ISOLATION_LOST');
      await rig.until('the agent to be out of the room', () => !rig.present(call.agentIdentity));
      assert.equal((await call.ended).status, 'failed');
      const next = await rig.dial();
      assert.equal(await rig.say(next, 'hello'), 'obedient heard: hello');
    },
  },
];
