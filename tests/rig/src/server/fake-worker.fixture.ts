import { type JobStatus, JobType, ServerMessage, WorkerMessage } from '@livekit/protocol';
import { AccessToken } from 'livekit-server-sdk';
import WebSocket from 'ws';
import type { LiveKitServer } from './livekit-server.js';

// A dispatch that the server gives to nobody, as it may on a busy machine, is lost.
const DISPATCH_AGAIN_MS = 2_000;
// The server notes a job as running after it has sent the assignment, and drops what it hears of it before.
const REPORT_AGAIN_MS = 1_000;

/**
 * Registers a worker that takes one job, reports its end with `end`, and disconnects; for tests of the log.
 * @param dispatch - called when the worker is registered, and again until it is offered a job
 */
export async function takeOneJob(
  server: LiveKitServer,
  agentName: string,
  end: { status: JobStatus; error: string },
  dispatch: () => void,
): Promise<{ jobId: string; workerId: string }> {
  const token = new AccessToken(server.apiKey, server.apiSecret);
  token.addGrant({ agent: true });
  const socket = new WebSocket(`${server.url}/agent`, {
    headers: { authorization: `Bearer ${await token.toJwt()}` },
  });
  const send = (message: ConstructorParameters<typeof WorkerMessage>[0]): void =>
    socket.send(new WorkerMessage(message).toBinary());
  let workerId = '';
  let dispatching: NodeJS.Timeout | undefined;
  let reporting: NodeJS.Timeout | undefined;
  let offered = false;
  try {
    return await new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('open', () =>
        send({
          message: {
            case: 'register',
            value: { type: JobType.JT_ROOM, agentName, version: '0.0.0' },
          },
        }),
      );
      socket.on('message', (data: Buffer) => {
        const { message } = ServerMessage.fromBinary(data);
        if (message.case === 'register') {
          workerId = message.value.workerId;
          dispatching = setInterval(dispatch, DISPATCH_AGAIN_MS);
          dispatch();
        }
        if (message.case === 'availability' && !offered) {
          offered = true;
          clearInterval(dispatching);
          const jobId = message.value.job?.id ?? '';
          send({
            message: {
              case: 'availability',
              value: { jobId, available: true, participantIdentity: 'fake-agent' },
            },
          });
        }
        if (message.case === 'assignment') {
          const jobId = message.value.job?.id ?? '';
          const report = () => send({ message: { case: 'updateJob', value: { jobId, ...end } } });
          reporting = setInterval(report, REPORT_AGAIN_MS);
          report();
          server.jobEnded(jobId).then(() => resolve({ jobId, workerId }), reject);
        }
      });
    });
  } finally {
    clearInterval(dispatching);
    clearInterval(reporting);
    socket.close();
  }
}
