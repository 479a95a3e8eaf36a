import { findServerBinary, startCallers, startLiveKitServer } from '@openrtc/test-rig';
import { startWorker } from './run-worker.mjs';

let found;

/** Starts a server, callers and a worker for one measurement, and closes them afterwards. */
export async function withRig(spec, measure) {
  found ??= await findServerBinary({ onProgress: console.log });
  const server = await startLiveKitServer({ found });
  try {
    const callers = await startCallers();
    try {
      const worker = await startWorker(spec, server);
      try {
        return await measure({ server, callers, worker });
      } finally {
        await worker.stop();
      }
    } finally {
      await callers.close();
    }
  } finally {
    await server.close();
  }
}

/** For each job, the milliseconds from its assignment until its agent is active in the room, by the server's log. */
export function agentJoinMs(server) {
  return server.assignments().map(({ jobId }) => {
    const at = (fits) => server.log.find(fits)?.ts ?? Number.NaN;
    const assigned = at((line) => line.msg === 'assigned job to worker' && line.jobID === jobId);
    const active = at(
      (line) => line.msg === 'participant active' && line.participant === `agent-${jobId}`,
    );
    return Math.round((active - assigned) * 1_000);
  });
}
