import { setTimeout as sleep } from 'node:timers/promises';
import { gate } from './gate.mjs';
import { memoryOf, nodeChildren, threadSeconds } from './process-tree.mjs';
import { withRig } from './rig.mjs';
import { callOneByOne, talkAll, turnFacts } from './talking.mjs';

/**
 * The same calls under several settings of processes(), all in the same minute: what the machine does to one
 * of them it does to all. Each has a worker and a server of its own.
 */
export async function measureSideBySide(settings, { calls, seconds, warmUpSeconds }) {
  const start = gate(settings.length);
  const end = gate(settings.length);
  return Promise.all(
    settings.map(async ({ name, options }, index) => {
      // Their starts one after the other: they are not what is measured.
      await sleep(index * 4_000);
      const spec = {
        name,
        file: 'openrtc.mjs',
        args: [JSON.stringify({ idleProcesses: 0, ...options })],
        env: { BENCH_GC: '1' },
      };
      return withRig(spec, async ({ server, callers, worker }) => {
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
        const spent = (key) => (after[key] - before[key]) / minutes / calls;
        return {
          setting: name,
          calls,
          processes: after.processes,
          cpuSecondsPerCallMinute: spent('cpuSeconds'),
          mainThreadSecondsPerCallMinute: spent('mainSeconds'),
          encoderSecondsPerCallMinute: spent('encoderSeconds'),
          gcMsPerCallMinute: spent('gcMs'),
          pssMbPerProcess: after.pssMb / after.processes,
          anonMbPerProcess: after.anonMb / after.processes,
          ...turnFacts(turns),
        };
      });
    }),
  );
}

/** What the processes of calls have used so far, and hold now. */
function look(worker) {
  const children = nodeChildren(worker.pid);
  const total = {
    processes: children.length,
    cpuSeconds: 0,
    mainSeconds: 0,
    encoderSeconds: 0,
    gcMs: 0,
    pssMb: 0,
    anonMb: 0,
  };
  for (const { pid, cpuSeconds } of children) {
    const threads = threadSeconds(pid);
    const { pssMb, anonMb } = memoryOf(pid);
    total.cpuSeconds += cpuSeconds;
    total.mainSeconds += threads.main;
    // Native work that no flag of V8 changes: where it differs, it was the machine.
    total.encoderSeconds += threads.byName.get('AudioEncoder') ?? 0;
    total.gcMs += Number(
      worker.output
        .match(new RegExp(`gc ${pid} (\\d+)`, 'g'))
        ?.at(-1)
        ?.split(' ')[2] ?? 0,
    );
    total.pssMb += pssMb;
    total.anonMb += anonMb;
  }
  return total;
}
