import { nodeChildren, treeUsage } from '@openrtc/test-rig';
import { settle, withPeak } from './memory.mjs';
import { agentJoinMs } from './rig.mjs';
import { rounded } from './statistics.mjs';
import { callOneByOne, callTogether, talkAll, turn, turnFacts } from './talking.mjs';

// How long a worker keeps idle processes that are no longer needed, see isolation-process.
const SURPLUS_GONE_S = 45;
// LiveKit removes a participant that has disappeared after some 20 s.
const GONE_MS = 40_000;
const SAMPLE_MS = 500;

/**
 * Measures one setting of the isolation: idle, with calls that arrive one after the other and talk, and when one of
 * their processes is killed. The cost of the calls is measured after the processes that were kept ready for more calls
 * have ended.
 */
export async function measureCalls({ server, callers, worker, calls, seconds, surplusSeconds }) {
  await settle(worker.pid);
  const idle = treeUsage(worker.pid);
  const waiting = nodeChildren(worker.pid);
  const startedAt = performance.now();
  const inRoom = await callOneByOne({ server, callers, room: 'call' }, calls);
  const talking = inRoom.map(({ caller }) => caller);
  const arrived = treeUsage(worker.pid);
  await talkAll(talking, surplusSeconds ?? SURPLUS_GONE_S);
  const before = new Map(nodeChildren(worker.pid).map(({ pid, cpuSeconds }) => [pid, cpuSeconds]));
  const talked = await whileTalking({ worker, callers: talking, seconds });
  const minutes = (performance.now() - startedAt) / 60_000;
  const whole = treeUsage(worker.pid);
  const children = nodeChildren(worker.pid);
  // Seen from outside, the process with the most CPU time has the most calls.
  const [busiest = { pid: worker.pid }] = children.toSorted((a, b) => gain(b) - gain(a));
  const joins = agentJoinMs(server);
  const killed = await kill({ server, pid: busiest.pid, callers: talking });
  await Promise.all(killed.survivors.map((caller) => caller.hangUp()));
  return {
    calls,
    seconds,
    idle: { pssMb: rounded(idle.pssMb), processes: waiting.length },
    arrived: { pssMb: rounded(arrived.pssMb) },
    ...talked,
    // Without the worker itself. The sums include the shell that guards them.
    callProcesses: children.length,
    pssPerCallMb: rounded((talked.peakPssMb - idle.pssMb) / calls),
    wholeMinutes: rounded(minutes),
    wholeCpuSecondsPerCallMinute: rounded((whole.cpuSeconds - idle.cpuSeconds) / minutes / calls),
    startCpuSeconds: waiting.map(({ cpuSeconds }) => rounded(cpuSeconds)),
    joinMs: joins,
    ...killed.facts,
  };

  function gain({ pid, cpuSeconds }) {
    return cpuSeconds - (before.get(pid) ?? 0);
  }
}

/** Measures calls that arrive at the same time at an idle worker. */
export async function measureBurst({ server, callers, worker, calls }) {
  await settle(worker.pid);
  const inRoom = await callTogether({ server, callers, room: 'burst' }, calls);
  for (const { caller } of inRoom) await caller.hangUp();
  return { joinMs: agentJoinMs(server) };
}

/** Measures what a worker uses while all its callers talk, and their turns. */
async function whileTalking({ worker, callers, seconds }) {
  const before = treeUsage(worker.pid);
  const startedAt = performance.now();
  const { peak, result: turns } = await withPeak(worker.pid, SAMPLE_MS, () =>
    talkAll(callers, seconds),
  );
  const minutes = (performance.now() - startedAt) / 60_000;
  const after = treeUsage(worker.pid);
  return {
    peakPssMb: rounded(peak.pssMb),
    cpuSecondsPerCallMinute: rounded(
      (after.cpuSeconds - before.cpuSeconds) / minutes / callers.length,
    ),
    processes: peak.processes,
    ...turnFacts(turns),
  };
}

/** Kills a process, then lets each caller speak to see which calls are lost. */
async function kill({ server, pid, callers }) {
  const killedAtMs = Date.now();
  process.kill(pid, 'SIGKILL');
  const answers = await Promise.all(
    callers.map((caller) => turn(caller, { awaitListener: false, timeoutMs: 5_000 })),
  );
  const lost = callers.filter((_, index) => answers[index] === undefined);
  const leftMs = await Promise.all(
    lost.map(async (caller) => {
      const { atMs } = await caller.waitForEvent('agentLeft', { timeoutMs: GONE_MS });
      return Math.round(atMs - killedAtMs);
    }),
  );
  const failed = server.log.filter(
    ({ msg, status }) => msg === 'job ended' && status === 'JS_FAILED',
  );
  return {
    survivors: callers.filter((caller) => !lost.includes(caller)),
    facts: { callsLost: lost.length, agentLeftMs: leftMs, jobsFailed: failed.length },
  };
}
