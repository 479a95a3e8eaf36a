import { measureMemory, type Memory, PeakMemory } from '../worker/usage.js';
import { Gathering } from './gathering.js';
import { type CallResult, type CallScene, placeCall } from './place-call.js';
import type { PlannedCall } from './plan.js';

/** What all calls together came to. */
export interface CallsResult {
  calls: readonly CallResult[];
  /** Most calls that were live at the same time, as the pool counted them. */
  mostAtOnce: number;
  /** Memory of the worker, in bytes but for its kind. */
  memory: { kind: Memory['kind']; idle: number; peak: number; after: number };
  /** CPU time of the worker in milliseconds: all of it, and before the first call. */
  cpu: { totalMs: number; startMs: number };
  callsTookMs: number;
}

/** What {@link makeCalls} tells on the way. */
export interface CallsScene extends CallScene {
  onWave: (calls: readonly PlannedCall[]) => void;
  onFinished: (result: CallResult) => void;
}

/** Makes the calls in waves: all of a wave are greeted before any of them speaks, so that all are live at once. */
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
  for (let at = 0; at < planned.length; at += atOnce) {
    const wave = planned.slice(at, at + atOnce);
    const gathering = new Gathering(wave.length);
    scene.onWave(wave);
    const counting = gathering.complete.then(async () => {
      mostAtOnce = Math.max(mostAtOnce, (await worker.state()).snapshot.activeSessions);
    });
    const results = wave.map(async (call) => {
      const result = await placeCall(call, gathering, scene);
      scene.onFinished(result);
      return result;
    });
    calls.push(...(await Promise.all(results)));
    await counting;
  }
  const callsTookMs = Date.now() - startedAt;
  const highest = peak.stop();
  const after = await measureMemory(worker);
  const end = await worker.state();
  return {
    calls,
    mostAtOnce,
    memory: {
      kind: idle.kind,
      idle: idle.bytes,
      peak: Math.max(highest, after.bytes),
      after: after.bytes,
    },
    cpu: { totalMs: end.cpuMs, startMs: before.cpuMs },
    callsTookMs,
  };
}
