import assert from 'node:assert/strict';

import { messageOf } from '../../base/errors.js';
import type { CaseSpec } from './case-spec.js';
import { conformancePool } from './conformance-pool.js';
import { WORDS } from './conformance-agents.js';
import { Leftovers } from './leftovers.js';

// A child process has started by then, or is about to; both must be called off.
const CALL_OFF_MS = 100;

/** From open() to dispose. */
export const lifeCases: readonly CaseSpec[] = [
  {
    name: 'a drain waits for live calls and for one that was accepted and not yet assigned, then run() resolves',
    async body(rig) {
      const live = await rig.dial();
      rig.livekit.faults.holdAssignments();
      const dialing = rig.dial();
      await rig.until('a job to be accepted', () => rig.livekit.faults.heldAssignments === 1);
      const drained = rig.pool.drain();
      await rig.until('the worker to be full', () => rig.livekit.workers[0]?.status === 'full');
      rig.livekit.faults.releaseAssignments();
      const late = await dialing;
      assert.equal(await rig.say(live, 'hello'), 'obedient heard: hello');
      assert.equal(await rig.say(late, 'hello'), 'obedient heard: hello');
      await Promise.all([rig.hangUp(live), rig.hangUp(late)]);
      await rig.within('the drain', drained);
      assert.deepEqual(await rig.within('run()', rig.run()), { kind: 'done', value: undefined });
      assert.deepEqual(await Promise.all([live.ended, late.ended]), [
        { status: 'success', error: '' },
        { status: 'success', error: '' },
      ]);
      const order = rig.seam.events.map(({ kind }) => kind);
      assert.deepEqual(order.slice(-3), ['settled', 'disposing', 'disposed']);
    },
  },
  {
    name: 'the strategy is disposed of once, when nothing runs any more, and does not mind a second time',
    async body(rig) {
      await rig.dial();
      await rig.dial();
      await rig.within('the pool to close', rig.pool.close());
      await rig.within('run()', rig.run());
      const order = rig.seam.events.map(({ kind }) => kind);
      assert.deepEqual(order.slice(-3), ['settled', 'disposing', 'disposed']);
      assert.equal(order.filter((kind) => kind === 'settled').length, 2);
      assert.equal(order.filter((kind) => kind === 'disposing').length, 1);
      const { isolation } = rig.seam;
      await rig.within('a second disposal', isolation[Symbol.asyncDispose]());
    },
  },
  {
    name: 'a start that is called off ends the opening of the strategy, and nothing registers',
    scenario: { prewarmHangs: true },
    starts: false,
    async body(rig) {
      const running = rig.run();
      await rig.until('the start', () => rig.pool.runtimeSnapshot().state === 'starting');
      // Somewhere in open(): a strategy with processes starts one first.
      await new Promise((resolve) => setTimeout(resolve, CALL_OFF_MS));
      void rig.pool.drain();
      const settled = () => rig.seam.events.some(({ kind }) => kind === 'open_failed');
      await rig.until('open() to reject after its signal has aborted', settled);
      assert.deepEqual(await rig.within('run()', running), { kind: 'done', value: undefined });
      assert.equal(rig.livekit.workers.length, 0);
    },
  },
  {
    name: 'processes(), processCounts(), and figures of memory, where there are any, are those of a live call',
    async body(rig) {
      const call = await rig.dial();
      const { isolation } = rig.seam;
      const processes = await rig.within('processes()', (async () => isolation.processes?.())());
      if (processes !== undefined) {
        const owners = processes.filter(({ jobIds }) => jobIds.includes(call.jobId));
        assert.equal(owners.length, 1, 'the call runs in one of the processes');
        for (const { pid, state, memoryBytes, cpuMs } of processes) {
          assert.ok(Number.isInteger(pid) && pid > 0, 'a process has an id');
          assert.ok(['starting', 'ready', 'closing'].includes(state), 'a process has a state');
          for (const amount of [memoryBytes, cpuMs])
            assert.ok(Number.isFinite(amount) && amount >= 0, 'memory and CPU time are numbers');
        }
      }
      const counts = isolation.processCounts?.();
      if (counts !== undefined) {
        const { started, lost } = counts;
        assert.ok(Number.isInteger(started) && started >= 1, 'the process was counted');
        assert.equal(lost, 0, 'no process was lost');
      }
      const { callMemoryMb = 10 } = rig.seam;
      assert.ok(Number.isFinite(callMemoryMb) && callMemoryMb > 0, 'a call takes memory');
      const idleBytes = isolation.idleMemoryBytes?.() ?? 0;
      assert.ok(Number.isFinite(idleBytes) && idleBytes >= 0, 'idle memory is a number of bytes');
      await rig.hangUp(call);
    },
  },
  {
    name: 'a prewarm that fails stops the start with its words, and nothing registers',
    scenario: { prewarmFails: true },
    starts: false,
    async body(rig) {
      let registered = false;
      rig.livekit
        .until(({ workers }) => workers.length > 0)
        .then(
          () => (registered = true),
          () => undefined,
        );
      const ran = await rig.within('run()', rig.run());
      assert.equal(ran.kind, 'failed', 'run() rejects');
      assert.match(messageOf(ran.kind === 'failed' ? ran.error : ''), new RegExp(WORDS.prewarm));
      assert.equal(registered, false, 'no worker registered');
    },
  },
  {
    name: 'a strategy that cannot be opened stops the start with its cause, and nothing registers',
    starts: false,
    async body(rig) {
      const cause = new Error('there is no container runtime');
      const { url, apiKey, apiSecret } = rig.livekit;
      const pool = conformancePool(
        {},
        {
          livekit: { url, apiKey, apiSecret },
          isolation: { name: rig.seam.name, open: () => Promise.reject(cause) },
        },
      );
      await assert.rejects(pool.run({ processHandlers: false }), cause);
      assert.equal(rig.livekit.workers.length, 0);
    },
  },
  {
    name: 'nothing is left of a pool that was closed: no listener on the process, no timer, no socket',
    starts: false,
    async body(rig) {
      using leftovers = new Leftovers();
      await rig.start();
      await rig.ended(rig.livekit.dispatch({ metadata: { agent: 'broken' } }));
      await rig.hangUp(await rig.dial());
      await rig.within('the pool to close', rig.pool.close());
      await rig.livekit.close();
      leftovers.freeze();
      await rig.until(
        () => `nothing to be left of ${leftovers.list.join(', ')}`,
        () => leftovers.list.length === 0,
      );
    },
  },
];
