import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';

import { deferred } from '../../base/deferred.js';
import type { SessionEvent } from '../../call/session-event.js';
import type { CaseSpec } from './case-spec.js';
import { allSamples } from './event-samples.js';
import type { SeamHooks } from './watched-strategy.js';
import { failureOf } from '../../call/session-outcome.js';

// The session waits a second for its last report to be taken. One that does not wait is gone long before this.
const HOLD_MS = 300;

/** Holds the report of the end back until it is let go. */
class HeldEnding implements SeamHooks {
  readonly seen = deferred();
  readonly letGo = deferred();

  async beforeReport({
    kind,
  }: Parameters<NonNullable<SeamHooks['beforeReport']>>[0]): Promise<void> {
    if (kind !== 'ending') return;
    this.seen.resolve();
    await this.letGo.promise;
  }
}

const kindsOf = (events: readonly SessionEvent[]) =>
  events.map(({ kind }) => kind).join(', ') || 'nothing';

/** What a session reports, on its way from wherever it runs. */
export const eventCases: readonly CaseSpec[] = [
  {
    name: 'a call reports that it joined and that it ends, once each, before its promise settles',
    async body(rig) {
      const call = await rig.dial();
      await rig.hangUp(call);
      await rig.settled(call.jobId);
      const kinds = rig.seam
        .of(call.jobId)
        .map(({ kind }) => kind)
        // How much a session uses is reported as often as it likes.
        .filter((kind) => kind !== 'reserved' && kind !== 'usage');
      assert.deepEqual(kinds, ['run', 'joined', 'ending', 'settled']);
    },
  },
  {
    name: 'an agent stays in its room until the pool has taken the report that it ends',
    hooks: () => new HeldEnding(),
    async body(rig) {
      const hooks = rig.hooks as HeldEnding;
      const call = await rig.dial();
      call.hangUp();
      await rig.within('the report of the end', hooks.seen.promise);
      const deadline = performance.now() + HOLD_MS;
      while (performance.now() < deadline) {
        assert.ok(rig.present(call.agentIdentity), 'the agent left before its status was recorded');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      hooks.letGo.resolve();
      assert.deepEqual(await call.ended, { status: 'success', error: '' });
      await rig.ended(call.jobId);
    },
  },
  {
    name: 'every kind of event that a session reports reaches the pool, once, in order, and whole',
    async body(rig) {
      const call = await rig.dial();
      assert.equal(await rig.say(call, 'report'), 'Reported.');
      const samples = allSamples(call.jobId);
      const isSample = (event: SessionEvent) =>
        samples.some((each) => isDeepStrictEqual(each, event));
      const seen = () => rig.seam.reported.filter(isSample);
      await rig.until(
        () =>
          `${samples.map(({ kind }) => kind).join(', ')} to be reported, not only ${kindsOf(seen())}`,
        () => seen().length >= samples.length,
      );
      const { outcome } = await rig.hangUp(call);
      assert.equal(outcome.reason, 'caller_left');
      assert.deepEqual(seen(), samples);
    },
  },
  {
    name: 'a hook that fails, turns, and the use of a provider are counted for their call, and for no other',
    async body(rig) {
      const sibling = await rig.dial();
      const call = await rig.dial({ metadata: { agent: 'stumbling' } });
      assert.equal(await rig.say(call, 'hello'), 'stumbling heard: hello');
      assert.equal(await rig.say(sibling, 'hello'), 'obedient heard: hello');
      await rig.hangUp(call);
      await rig.hangUp(sibling);
      const kinds = ({ jobId }: { readonly jobId: string }) =>
        rig.seam.reported.filter((event) => event.jobId === jobId).map(({ kind }) => kind);
      const counted = ['usage', 'turn'];
      assert.deepEqual(
        kinds(call).filter((kind) => !counted.includes(kind)),
        ['joined', 'fault', 'ending'],
      );
      assert.deepEqual(
        kinds(sibling).filter((kind) => !counted.includes(kind)),
        ['joined', 'ending'],
      );
      for (const each of [call, sibling])
        for (const kind of counted)
          assert.ok(kinds(each).includes(kind as SessionEvent['kind']), `${kind} is reported`);
      const { totalHookErrors, totalTurns } = rig.pool.runtimeSnapshot();
      assert.equal(totalHookErrors, 1);
      assert.deepEqual([totalTurns.asked, totalTurns.answered], [2, 2]);
    },
  },
  {
    name: 'what is reported of a call that is over changes nothing',
    async body(rig) {
      const call = await rig.dial();
      await rig.hangUp(call);
      const { host } = rig.seam;
      const { jobId } = call;
      await rig.within('a late join to be taken', host.report({ kind: 'joined', jobId }));
      const outcome = failureOf({ code: 'INTERNAL', message: 'too late' });
      await rig.within('a late end to be taken', host.report({ kind: 'ending', jobId, outcome }));
      await rig.within(
        'an event of no call to be taken',
        host.report({ kind: 'joined', jobId: 'AJ_none' }),
      );
      assert.deepEqual(await call.ended, { status: 'success', error: '' });
      assert.equal(rig.job(jobId).finalReports, 1);
      assert.deepEqual([rig.started.length, rig.endings.length], [1, 1]);
      assert.equal(rig.pool.runtimeSnapshot().activeSessions, 0);
    },
  },
];
