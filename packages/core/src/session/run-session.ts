import { Job } from '@livekit/protocol';

import { OpenRtcError, isOpenRtcError, messageOf } from '../base/errors.js';
import { participantOf } from '../call/job-participant.js';
import type { HangUp } from '../launch/isolation.js';
import type { JobTicket } from '../call/job-ticket.js';
import type { PrewarmedCall } from '../agents/agent-options.js';
import { mergeMetadata, readMetadata } from '../route/metadata.js';
import { printable } from '../base/printable.js';
import { type BeginOptions, type OpenedSession, beginSession } from './begin-session.js';
import { type CurrentCall, runInCall } from '../sdk/current-call.js';
import { endSession } from './end-session.js';
import { unpublishBeforeDeleting } from '../sdk/delete-room.js';
import { createJobContext } from './job-context.js';
import { watchRoom } from '../watch/room-watch.js';
import { CallEnded, SessionEnd } from '../call/session-end.js';
import type { ReportSessionEvent } from '../call/session-event.js';
import { bindRoomToCall, openRoom } from '../sdk/session-room.js';
import type { SessionRuntime } from './session-runtime.js';
import { releaseProviders } from '../sdk/shared-provider.js';

/**
 * The session body: one call from its ticket to nothing left of it, the same wherever it runs.
 * Resolves when the call ended, for whatever reason; rejects with an {@link OpenRtcError} when it failed.
 * @param signal - its reason is a {@link HangUp}
 */
export async function runSession(
  ticket: JobTicket,
  signal: AbortSignal,
  report: ReportSessionEvent,
  runtime: SessionRuntime,
): Promise<void> {
  const job = Job.fromBinary(ticket.job);
  const config = runtime.agent(ticket.agent, ticket.jobId);
  const { room, textOnly } = await openRoom(ticket.media);
  const end = new SessionEnd();
  const ctx = createJobContext({
    ticket,
    job,
    room,
    process: runtime.process,
    executor: runtime.models?.executor,
    credentials: runtime.credentials,
    onShutdown: (reason) => end.because('agent_shutdown', reason),
  });
  const { jobId, agent, tenant } = ticket;
  const logger = runtime.logger.child({ jobId, agent, tenant, room: printable(ticket.room) });
  const call: CurrentCall = { jobId, agent, tenant, ctx, end, logger };
  const info: PrewarmedCall = {
    jobId,
    agent,
    tenant,
    room: ticket.room,
    metadata: mergeMetadata(
      readMetadata(job.room?.metadata ?? '').values,
      readMetadata(job.metadata).values,
    ),
    ...participantOf(job),
    startedAt: Date.now(),
    prewarmed: runtime.process.userData,
  };
  bindRoomToCall(room, call);
  unpublishBeforeDeleting(call);
  const stopListening = hangUpOn(signal, end);
  const opened: OpenedSession = {};
  let stopWatching = () => {};

  await runInCall(call, async () => {
    try {
      const onJoined: BeginOptions['onJoined'] = ({ closeOnDisconnect }) => {
        stopWatching = watchRoom({
          room,
          end,
          limits: runtime.limits,
          participant: info.participant?.identity,
          hangUpEnds: () => closeOnDisconnect !== false && opened.started !== true,
        });
        report({ kind: 'joined', jobId }).catch((error: unknown) => {
          logger.warn({ error }, 'the join could not be reported');
        });
      };
      await beginSession({ call, info, config, runtime, textOnly, opened, report, onJoined });
    } catch (error) {
      if (!(error instanceof CallEnded)) end.failed(asSessionError(error));
    }
    const outcome = await end.reached;
    stopWatching();
    stopListening();
    await endSession(
      call,
      opened,
      outcome,
      report,
      () => hangUp(signal)?.deadline ?? Number.POSITIVE_INFINITY,
    );
    releaseProviders(call);
  });
  if (end.error !== undefined) throw end.error;
}

function hangUpOn(signal: AbortSignal, end: SessionEnd): () => void {
  const onAbort = () => end.because(hangUp(signal)?.reason ?? 'pool_closed');
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  return () => signal.removeEventListener('abort', onAbort);
}

function hangUp(signal: AbortSignal): HangUp | undefined {
  const reason: unknown = signal.reason;
  return typeof reason === 'object' && reason !== null && 'deadline' in reason
    ? (reason as HangUp)
    : undefined;
}

function asSessionError(error: unknown): OpenRtcError {
  if (isOpenRtcError(error)) return error;
  return new OpenRtcError('SESSION_START_FAILED', messageOf(error), { cause: error });
}
