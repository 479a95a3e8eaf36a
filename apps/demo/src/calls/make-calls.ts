import { measureMemory, type Memory, PeakMemory } from '../worker/usage.js';
import { Gathering } from './gathering.js';
import { type CallResult, type CallScene, placeCall } from './place-call.js';
import type { PlannedCall } from './plan.js';

/** Memory of the worker during the calls, in bytes. */
export interface MemoryUse {
  kind: Memory['kind'];
  idle: number;
  /** Highest value until the end of the first call, if it was alone. It includes what is loaded once. */
  firstCall?: number;
  peak: number;
  after: number;
}

/** The results of all calls. */
export interface CallsResult {
  calls: readonly CallResult[];
  /** The most calls that were live at the same time, counted by the pool. */
  mostAtOnce: number;
  memory: MemoryUse;
  /** CPU time of the worker in milliseconds: in total, and before the first call. */
  cpu: { totalMs: number; startMs: number };
  callsTookMs: number;
}

/** Environment and callbacks of {@link makeCalls}. */
export interface CallsScene extends CallScene {
  signal: AbortSignal;
  onWave: (calls: readonly PlannedCall[]) => void;
  onFinished: (result: CallResult) => void;
}

/** Makes the calls in waves, and measures the worker. Rejects when `signal` aborts or the worker ends. */
export async function makeCalls(
  planned: readonly PlannedCall[],
  atOnce: number,
  scene: CallsScene,
): Promise<CallsResult> {
  const { worker } = scene;
  const idle = await measureMemory(worker);
  const before = await worker.state();
  const startedAt = Date.now();
  const peak = new PeakMemory(worker);
  const calls: CallResult[] = [];
  let mostAtOnce = 0;
  let firstCall: number | undefined;
  for (const wave of wavesOf(planned, atOnce)) {
    scene.signal.throwIfAborted();
    const { results, live } = await makeWave(wave, scene);
    calls.push(...results);
    mostAtOnce = Math.max(mostAtOnce, live);
    if (calls.length === 1) firstCall = await peak.soFar();
  }
  const callsTookMs = Date.now() - startedAt;
  const highest = await peak.soFar();
  peak.stop();
  const after = await measureMemory(worker);
  const end = await worker.state();
  return {
    calls,
    mostAtOnce,
    memory: {
      kind: idle.kind,
      idle: idle.bytes,
      ...(firstCall !== undefined && { firstCall }),
      peak: Math.max(highest, after.bytes),
      after: after.bytes,
    },
    cpu: { totalMs: end.cpuMs, startMs: before.cpuMs },
    callsTookMs,
  };
}

/** The first call is alone if there are enough, so that what it loads for all others shows. */
function wavesOf(
  planned: readonly PlannedCall[],
  atOnce: number,
): readonly (readonly PlannedCall[])[] {
  const alone = planned.length > atOnce ? 1 : 0;
  const waves = alone === 1 ? [planned.slice(0, 1)] : [];
  for (let at = alone; at < planned.length; at += atOnce)
    waves.push(planned.slice(at, at + atOnce));
  return waves;
}

/** All callers of a wave are greeted before any of them speaks, so that all calls are live at the same time. */
async function makeWave(
  wave: readonly PlannedCall[],
  scene: CallsScene,
): Promise<{ results: readonly CallResult[]; live: number }> {
  const gathering = new Gathering(wave.length);
  scene.onWave(wave);
  const calls = wave.map(async (call) => {
    const result = await placeCall(call, gathering, scene);
    if (!scene.signal.aborted) scene.onFinished(result);
    return result;
  });
  const counted = gathering.complete.then(() => scene.worker.state());
  const [results, { snapshot }] = await Promise.all([Promise.all(calls), counted]);
  return { results, live: snapshot.activeSessions };
}
