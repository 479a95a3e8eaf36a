import assert from 'node:assert/strict';

import type { CaseSpec } from './case-spec.js';

/** What a change of the agents' code does to calls, wherever they run. */
export const reloadCases: readonly CaseSpec[] = [
  {
    name: 'new code reaches live calls from their next turn, and later ones, or the report says that it does not',
    async body(rig) {
      const metadata = { agent: 'versioned' };
      const calls = [await rig.dial({ metadata }), await rig.dial({ metadata })];
      for (const call of calls) assert.equal(await rig.say(call, 'hello'), 'version one');
      rig.code.file = 'two';
      const report = await rig.pool.reload();
      assert.equal(report.outcome, 'applied', report.error?.message);
      const results = new Set(report.calls.map(({ result }) => result));
      assert.equal(report.calls.length, calls.length);
      if (results.has('kept_old')) {
        // A strategy need not reload, but it must not do it in part.
        assert.deepEqual([...results], ['kept_old']);
        for (const call of calls) assert.equal(await rig.say(call, 'hello'), 'version one');
        return;
      }
      assert.deepEqual([...results], ['renewed']);
      for (const call of calls) assert.equal(await rig.say(call, 'hello'), 'version two');
      const later = await rig.dial({ metadata });
      assert.equal(await rig.say(later, 'hello'), 'version two');
      const { sessions } = rig.pool.runtimeSnapshot();
      for (const call of calls)
        assert.equal(sessions.find(({ jobId }) => jobId === call.jobId)?.generation, 1);
    },
  },
  {
    name: 'new code that fails in its first turn is undone in that call, which is answered',
    async body(rig) {
      const call = await rig.dial({ metadata: { agent: 'versioned' } });
      assert.equal(await rig.say(call, 'hello'), 'version one');
      rig.code.file = 'failing';
      const { calls } = await rig.pool.reload();
      assert.equal(calls.length, 1);
      assert.equal(await rig.say(call, 'hello'), 'version one');
      const undone = calls[0]?.result === 'kept_old' ? undefined : 1;
      await rig.until('the new code to be undone', () => {
        const { reloads, sessions } = rig.pool.runtimeSnapshot();
        return reloads.undone === undone && sessions[0]?.generation === 0;
      });
    },
  },
  {
    name: 'new code that cannot be used in one process is used in none',
    async body(rig) {
      const metadata = { agent: 'versioned' };
      const call = await rig.dial({ metadata });
      for (const file of ['broken', 'broken_elsewhere'] as const) {
        rig.code.file = file;
        const { outcome, calls } = await rig.pool.reload();
        // Where every call runs in the worker, there is no elsewhere.
        if (file === 'broken_elsewhere' && outcome === 'applied') {
          assert.ok(calls.every(({ result }) => result === 'renewed' || result === 'kept_old'));
          continue;
        }
        assert.equal(outcome, 'refused');
        assert.equal(await rig.say(call, 'hello'), 'version one');
        const later = await rig.dial({ metadata });
        assert.equal(await rig.say(later, 'hello'), 'version one');
      }
    },
  },
];
