import { setTimeout as sleep } from 'node:timers/promises';
import { withRig } from './rig.mjs';
import { callOneByOne, talkAll, turnFacts } from './talking.mjs';

/**
 * Runs the same calls on several workers at the same time, so that changes of the machine affect all of them. Each has
 * a server and callers of its own. `look(worker)` returns what a worker has used so far and holds now; it is called
 * before the first call (`idle`), and before and after the `seconds` that are measured.
 */
export function sideBySide(specs, { calls, seconds, warmUpSeconds, look }) {
  const start = gate(specs.length);
  const end = gate(specs.length);
  return Promise.all(
    specs.map(async (spec, index) => {
      // One starts after the other: starts are not measured.
      await sleep(index * 4_000);
      return withRig(spec, async ({ server, callers, worker }) => {
        const idle = look(worker);
        const inRoom = await callOneByOne({ server, callers, room: 'call' }, calls);
        const talking = inRoom.map(({ caller }) => caller);
        await start();
        await talkAll(talking, warmUpSeconds);
        const before = look(worker);
        const startedAt = performance.now();
        const turns = await talkAll(talking, seconds);
        const minutes = (performance.now() - startedAt) / 60_000;
        const after = look(worker);
        await end();
        for (const caller of talking) await caller.hangUp();
        return {
          name: spec.name,
          idle,
          after,
          /** The increase of a counter of `look`, per call-minute. */
          spent: (key) => (after[key] - before[key]) / minutes / calls,
          turns: turnFacts(turns),
        };
      });
    }),
  );
}

/** A barrier: its promise resolves once it has been called by all parties. */
function gate(parties) {
  let open;
  let missing = parties;
  const opened = new Promise((resolve) => {
    open = resolve;
  });
  return () => {
    missing -= 1;
    if (missing === 0) open();
    return opened;
  };
}
