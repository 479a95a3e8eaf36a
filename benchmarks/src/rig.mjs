import { findLiveKitServer, startCallers, startLiveKitServer } from '@openrtc/test-rig';
import { startWorker } from './run-worker.mjs';

let found;

/** A server, callers and a worker of their own for one measurement. */
export async function withRig(spec, measure) {
  found ??= await findLiveKitServer({ onProgress: console.log });
  if (!found.available || found.kind !== 'binary')
    throw new Error(found.reason ?? 'needs a server of its own');
  const server = await startLiveKitServer({ found });
  const callers = await startCallers();
  const worker = await startWorker(spec, server);
  try {
    return await measure({ server, callers, worker });
  } finally {
    await worker.stop();
    await callers.close();
    await server.close();
  }
}
