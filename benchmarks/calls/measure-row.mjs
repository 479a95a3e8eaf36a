import { cpuSecondsOf, freeTcpPort, startLiveKitServer, treeUsage } from '@openrtc/test-rig';
import { setTimeout as sleep } from 'node:timers/promises';
import { settle, withPeak } from '../src/memory.mjs';
import { agentJoinMs } from '../src/rig.mjs';
import { startWorker } from '../src/run-worker.mjs';
import { percentile, rounded } from '../src/statistics.mjs';
import { GoCallers } from './go-callers.mjs';

/** Time between two arrivals. */
export const ARRIVAL_MS = 1_000;
/** How a caller talks, see `callers-go/caller.go`. */
export const MANNERS = { pauseMs: 4_000, silenceMs: 500, patienceMs: 10_000 };
/** With one call there is only one join, so this many calls follow it, one after the other. */
export const MORE_JOINS = 4;

const FIRST_SOUND_S = 60;
// Less often than in other benchmarks: reading the PSS of a dozen processes takes tens of milliseconds.
const SAMPLE_MS = 2_000;
const BETWEEN_CALLS_MS = 1_500;

/**
 * Measures one worker with a number of calls, on a server and with callers of its own. Callers start to speak one
 * after the other during the first turn, so that they do not all speak at the same time. CPU time is measured from
 * then to the end.
 */
export async function measureRow({ found, callersProgram, said, worker: spec, calls, seconds }) {
  const server = await startLiveKitServer({ found });
  const callers = await GoCallers.start(callersProgram, said.packets);
  try {
    // Some workers open a port for health checks, which is the same by default.
    const env = { ...spec.env, BENCH_PORT: `${await freeTcpPort()}` };
    const worker = await startWorker({ ...spec, env }, server);
    try {
      return await measure({ server, callers, worker, said, calls, seconds });
    } finally {
      await worker.stop();
    }
  } finally {
    await callers.close();
    await server.close();
  }
}

async function measure({ server, callers, worker, said, calls, seconds }) {
  await settle(worker.pid);
  const idle = treeUsage(worker.pid);
  const names = Array.from({ length: calls }, (_, index) => `caller-${index}`);
  const { peak, result } = await withPeak(worker.pid, SAMPLE_MS, async (look) => {
    const { firstAudioMs, talking } = await arrive({ server, callers, names });
    const talked = await talkAll({ server, callers, worker, said, seconds, talking });
    look();
    return { firstAudioMs, callsAnswered: talking.length, ...talked };
  });
  for (const name of names) await callers.hangUp(name);
  if (result.callsAnswered < calls)
    console.log(`  last output of the worker: ${worker.output.slice(-1_500)}`);
  else if (calls === 1) await moreJoins({ server, callers });
  return {
    calls,
    seconds,
    idlePssMb: rounded(idle.pssMb),
    idleProcesses: idle.processes,
    peakPssMb: rounded(peak.pssMb),
    peakProcesses: peak.processes,
    pssPerCallMb: rounded((peak.pssMb - idle.pssMb) / calls),
    // There is no number for a job whose agent never joined.
    joinMs: agentJoinMs(server).map((ms) => (Number.isNaN(ms) ? null : ms)),
    ...result,
  };
}

/** Lets all callers join; resolves with those that heard an agent, and after how long. */
async function arrive({ server, callers, names }) {
  const arrivals = await Promise.all(
    names.map(async (name, index) => {
      await sleep(index * ARRIVAL_MS);
      return call({ server, callers, name });
    }),
  );
  return {
    firstAudioMs: arrivals.map((ms) => ms ?? null),
    talking: names.filter((_, index) => arrivals[index] !== undefined),
  };
}

/** Milliseconds from the start of the call to the first sound of the agent; undefined when there was none. */
async function call({ server, callers, name }) {
  const startedAtMs = Date.now();
  const token = await server.createToken(name, `room-of-${name}`);
  await callers.join(name, { url: server.url, token });
  try {
    return Math.round((await callers.awaitSound(name, FIRST_SOUND_S)) - startedAtMs);
  } catch (error) {
    if (!error.message.startsWith('nothing was heard')) throw error;
    return undefined;
  }
}

async function talkAll({ server, callers, worker, said, seconds, talking }) {
  const turnMs = said.durationMs + MANNERS.pauseMs;
  const all = Promise.all(
    talking.map(async (name, index) => {
      const waitMs = (index * turnMs) / talking.length;
      await sleep(waitMs);
      return callers.talk(name, { seconds: seconds - waitMs / 1_000, manners: MANNERS });
    }),
  );
  // A rejection is thrown below, by the last await.
  all.catch(() => {});
  await Promise.race([all, sleep(turnMs)]);
  const before = cpuNow({ server, callers, worker });
  await Promise.race([all, sleep(seconds * 1_000 - turnMs)]);
  const after = cpuNow({ server, callers, worker });
  const talks = await all;
  const inWindow = (after.atMs - before.atMs) / 1_000;
  const cores = (key) => rounded((after[key] - before[key]) / inWindow, 3);
  return {
    cpuSecondsPerCallMinute: rounded((cores('worker') * 60) / Math.max(1, talking.length), 2),
    workerCores: cores('worker'),
    callersCores: cores('callers'),
    serverCores: cores('server'),
    ...turnFacts(talks.flatMap(({ turns }) => turns)),
    heard: talks.map(({ heard }) => heard),
  };
}

function cpuNow({ server, callers, worker }) {
  return {
    atMs: performance.now(),
    worker: treeUsage(worker.pid).cpuSeconds,
    callers: cpuSecondsOf(callers.pid),
    server: cpuSecondsOf(server.pid),
  };
}

function turnFacts(turns) {
  const ms = turns.flatMap(({ latencyMs }) => (latencyMs === null ? [] : [Math.round(latencyMs)]));
  return {
    turns: ms.length,
    turnsMissed: turns.length - ms.length,
    turnsCutInto: turns.filter(({ cutIn }) => cutIn).length,
    turnMsP50: percentile(ms, 0.5),
    turnMsP95: percentile(ms, 0.95),
    turnMsP99: percentile(ms, 0.99),
    turnMs: ms,
  };
}

async function moreJoins({ server, callers }) {
  for (let index = 1; index <= MORE_JOINS; index += 1) {
    await sleep(BETWEEN_CALLS_MS);
    const name = `later-${index}`;
    await call({ server, callers, name });
    await callers.hangUp(name);
  }
}
