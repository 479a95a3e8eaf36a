import { memoryOf, nodeChildren, threadSeconds } from '@openrtc/test-rig';
import { sideBySide } from './side-by-side.mjs';

/** Runs the same calls with several settings of processes() at the same time. */
export async function measureSideBySide(settings, { calls, seconds, warmUpSeconds }) {
  const specs = settings.map(({ name, options }) => ({
    name,
    file: 'openrtc.mjs',
    args: [JSON.stringify({ processes: { idleProcesses: 0, ...options } })],
    env: { BENCH_GC: '1' },
  }));
  const measured = await sideBySide(specs, { calls, seconds, warmUpSeconds, look });
  return measured.map(({ name, after, spent, turns }) => ({
    setting: name,
    calls,
    processes: after.processes,
    cpuSecondsPerCallMinute: spent('cpuSeconds'),
    mainThreadSecondsPerCallMinute: spent('mainSeconds'),
    encoderSecondsPerCallMinute: spent('encoderSeconds'),
    gcMsPerCallMinute: spent('gcMs'),
    pssMbPerProcess: after.pssMb / after.processes,
    anonMbPerProcess: after.anonMb / after.processes,
    ...turns,
  }));
}

/** What the processes of calls have used so far and hold now. */
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
    // Native work that no V8 flag affects: where it differs, the machine is the cause.
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
