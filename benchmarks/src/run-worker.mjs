import { WorkerProcess, treePids, untilGone } from '@openrtc/test-rig';
import { fileURLToPath } from 'node:url';

const workers = new URL('./workers/', import.meta.url);
const STOP_MS = 10_000;
// A process of a worker that has ended may still be leaving its room.
const LEFT_BEHIND_MS = 5_000;

/** A worker under test. When it stops, so do its processes: they would take CPU time from the next worker. */
export class MeasuredWorker extends WorkerProcess {
  async stop(graceMs = STOP_MS) {
    const all = treePids(this.pid);
    const exit = await super.stop(graceMs);
    await untilGone(all, LEFT_BEHIND_MS);
    return exit;
  }
}

/**
 * Starts a worker and waits until LiveKit knows it. `file` is a file of `workers/` or a URL; `env` is added to the
 * environment of the benchmark.
 */
export function startWorker({ name, file, args, env, program = process.execPath }, server) {
  const path = fileURLToPath(new URL(file, workers));
  return new MeasuredWorker(server, { name, file: path, args, env, program }).registered();
}
