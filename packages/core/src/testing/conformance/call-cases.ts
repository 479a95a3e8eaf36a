import assert from 'node:assert/strict';

import type { CaseSpec } from './case-spec.js';
import { hashOf } from './conformance-agents.js';
import { outcomeOf } from '../../call/session-outcome.js';

const SUCCESS = { status: 'success', error: '' };
// Beyond the basic plane, right to left, combining, and what JSON escapes.
const UNICODE = 'Zürich 東京 🦜👩‍👩‍👧 שלום "\\\u2028\u0000';
const BIG_BYTES = 60 * 1024;

/** A call that goes well. */
export const callCases: readonly CaseSpec[] = [
  {
    name: 'a call is greeted, answered, and recorded as a success, once, before its agent leaves',
    async body(rig) {
      const call = await rig.dial();
      assert.equal(await rig.say(call, 'one'), 'obedient heard: one');
      assert.equal(await rig.say(call, 'two'), 'obedient heard: two');
      const { info, outcome } = await rig.hangUp(call);
      const { status, reason, causedBy, turns } = outcome;
      assert.deepEqual({ status, reason, causedBy }, outcomeOf('caller_left'));
      assert.equal(turns.answered, 2, 'both answers were counted');
      assert.equal(info.jobId, call.jobId);
      // An agent that leaves before its status was recorded is recorded as failed.
      assert.deepEqual(await call.ended, SUCCESS);
      assert.equal((await rig.settled(call.jobId)).error, undefined);
      assert.equal(rig.job(call.jobId).finalReports, 1, 'the status was sent once');
      assert.equal(rig.present(call.agentIdentity), false, 'the agent has left its room');
      assert.equal(rig.started.length, 1, 'the start was told once');
      assert.equal(rig.endings.length, 1, 'the end was told once');
    },
  },
  {
    name: 'of several calls at a time each has its own words, tenant, metadata, and job context',
    async body(rig) {
      const names = ['acme', 'globex', 'initech'];
      const calls = await Promise.all(
        names.map((tenant, at) =>
          rig.dial({
            metadata: { tenant, at },
            jobMetadata: { agent: at === 1 ? 'second' : 'obedient' },
          }),
        ),
      );
      const facts = await Promise.all(calls.map((call) => rig.facts(call)));
      for (const [at, call] of calls.entries()) {
        const agent = at === 1 ? 'second' : 'obedient';
        const { processData: _process, sessionData, ...told } = facts[at] ?? assert.fail();
        assert.deepEqual(sessionData, { setUpFor: call.jobId });
        assert.equal(told.jobId, call.jobId);
        assert.equal(told.agent, agent);
        assert.equal(told.tenant, names[at]);
        assert.equal(told.identity, call.agentIdentity);
        assert.deepEqual(told.metadata, { tenant: names[at], at, agent });
      }
      const answers = await Promise.all(calls.map((call, at) => rig.say(call, `word ${at}`)));
      assert.deepEqual(answers, [
        'obedient heard: word 0',
        'second heard: word 1',
        'obedient heard: word 2',
      ]);
      await Promise.all(calls.map((call) => rig.hangUp(call)));
      assert.deepEqual(await Promise.all(calls.map((call) => call.ended)), [
        SUCCESS,
        SUCCESS,
        SUCCESS,
      ]);
    },
  },
  {
    name: 'a ticket arrives whole: unicode, 60 KiB of metadata, the int64 and enums of its job',
    async body(rig) {
      const metadata = { unicode: UNICODE, padding: 'x'.repeat(BIG_BYTES) };
      const jobMetadata = { agent: 'obedient', unicode: UNICODE };
      const room = `room ${UNICODE}`;
      const call = await rig.dial({ room, metadata, jobMetadata });
      const facts = await rig.facts(call);
      const ticket = rig.seam.tickets.get(call.jobId);
      assert.ok(ticket);
      const { job, info, ...rest } = ticket;
      // Metadata has no prototype; a clone has.
      const plain = { ...rest, info: { ...info, metadata: { ...info.metadata } } };
      assert.deepEqual(structuredClone(plain), plain, 'a ticket is plain data but for its job');
      assert.equal(ticket.info.room, room);
      assert.equal(facts.roomMetadataHash, hashOf(JSON.stringify(metadata)));
      assert.equal(facts.jobMetadataHash, hashOf(JSON.stringify(jobMetadata)));
      assert.deepEqual(facts.metadata, { ...metadata, ...jobMetadata });
      assert.equal(facts.creationTime, `bigint ${job.room?.creationTime}`);
      assert.equal(facts.type, job.type);
      assert.equal(facts.status, job.state?.status);
      assert.equal(facts.workerId, ticket.workerId);
    },
  },
  {
    name: 'observer, factory, setup(), snapshot and ticket have one and the same info',
    async body(rig) {
      const call = await rig.dial({ metadata: { tenant: 'acme', order: { id: 7 } } });
      const facts = await rig.facts(call);
      const ticket = rig.seam.tickets.get(call.jobId);
      assert.ok(ticket);
      const { metadata, ...info } = ticket.info;
      const whole = { ...info, metadata: { ...metadata } };
      assert.equal(info.jobId, call.jobId);
      assert.equal(info.tenant, 'acme');
      assert.deepEqual(whole.metadata, { tenant: 'acme', order: { id: 7 } });
      assert.deepEqual(facts.info, whole, 'a provider factory');
      assert.deepEqual(facts.setUpInfo, whole, 'setup()');
      assert.equal(rig.started[0], ticket.info, 'onSessionStart');
      const { jobId, agent, tenant, room, startedAt } = info;
      const [session] = rig.pool.runtimeSnapshot().sessions;
      assert.ok(session);
      assert.deepEqual(
        { jobId, agent, tenant, room, startedAt },
        {
          jobId: session.jobId,
          agent: session.agent,
          tenant: session.tenant,
          room: session.room,
          startedAt: session.startedAt,
        },
        'the snapshot',
      );
      const ended = await rig.hangUp(call);
      assert.equal(ended.info, ticket.info, 'onSessionEnd');
    },
  },
  {
    name: 'a call runs the agent it was accepted for, also when that is replaced before the call begins',
    scenario: { replacesAfterYes: true },
    async body(rig) {
      const first = await rig.dial();
      assert.equal(rig.pool.get('obedient').revision, 1, 'it was replaced');
      assert.equal(await rig.say(first, 'one'), 'obedient heard: one');
      const second = await rig.dial();
      assert.equal(await rig.say(second, 'two'), 'new obedient heard: two');
      assert.equal(await rig.say(first, 'three'), 'obedient heard: three');
      await Promise.all([rig.hangUp(first), rig.hangUp(second)]);
    },
  },
  {
    name: 'prewarm has run where the call runs, and setup() gives the session its userData',
    async body(rig) {
      const facts = await rig.facts(await rig.dial());
      assert.deepEqual(facts.processData, { prewarmed: 'yes' });
      assert.deepEqual(facts.sessionData, { setUpFor: facts.jobId });
    },
  },
  {
    name: 'observers are given plain data, of calls that went well and of those that failed',
    async body(rig) {
      const call = await rig.dial({ metadata: { table: 4 } });
      await rig.hangUp(call);
      await rig.ended(rig.livekit.dispatch({ metadata: { agent: 'broken', table: 5 } }));
      for (const given of [...rig.started, ...rig.endings]) {
        // A class, a function or a getter would not survive both.
        assert.equal(JSON.stringify(structuredClone(given)), JSON.stringify(given));
      }
      assert.deepEqual(
        rig.endings.map(({ info }) => ({ ...info.metadata })),
        [{ table: 4 }, { agent: 'broken', table: 5 }],
      );
    },
  },
  {
    name: 'the snapshot counts what runs while it runs, and nothing after it',
    async body(rig) {
      const calls = [
        await rig.dial(),
        await rig.dial({ jobMetadata: { agent: 'second', tenant: 'acme' } }),
      ];
      const during = rig.pool.runtimeSnapshot();
      assert.equal(during.activeSessions, 2);
      assert.equal(during.reservedSessions, 0);
      assert.deepEqual(during.sessionsByAgent, { obedient: 1, second: 1 });
      assert.deepEqual(during.sessionsByTenant, { default: 1, acme: 1 });
      assert.deepEqual(
        during.sessions.map(({ jobId, joined }) => ({ jobId, joined })),
        calls.map(({ jobId }) => ({ jobId, joined: true })),
      );
      await Promise.all(calls.map((call) => rig.hangUp(call)));
      await rig.ended(rig.livekit.dispatch({ metadata: { agent: 'broken' } }));
      const after = rig.pool.runtimeSnapshot();
      assert.equal(after.activeSessions, 0);
      assert.equal(after.reservedSessions, 0);
      assert.deepEqual(after.sessions, []);
      assert.equal(after.totalSessionsStarted, 3);
      assert.equal(after.totalSessionFailures, 1);
      assert.equal(after.isolation, rig.seam.name);
    },
  },
];
