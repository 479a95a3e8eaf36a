import { deferred } from '../base/deferred.js';
import { OpenRtcError, isOpenRtcError, messageOf } from '../base/errors.js';
import type { HangUpSignal } from '../call/hang-up.js';
import type { JobTicket } from '../call/job-ticket.js';
import type { PrewarmedCall } from '../call/call.js';
import { printable } from '../base/printable.js';
import { type BeginOptions, type OpenedSession, beginSession } from './begin-session.js';
import { inCallSpan } from '../sdk/call-span.js';
import { type CurrentCall, keepContext, runInCall } from '../sdk/current-call.js';
import { endSession } from './end-session.js';
import { endBeforeDeleting } from '../sdk/delete-room.js';
import { endBeforeLeaving } from '../sdk/leave-room.js';
import { serveJoined } from '../sdk/joined-context.js';
import { createJobContext } from './job-context.js';
import { bindJobContext } from '../sdk/own-context.js';
import { earlyEvents } from '../watch/early-events.js';
import { type RoomWatch, connectionLost, watchRoom } from '../watch/room-watch.js';
import { CallEnded, SessionEnd } from '../call/session-end.js';
import type { ReportSessionEvent } from '../call/session-event.js';
import { bindRoomToCall, openRoom } from '../sdk/session-room.js';
import type { SessionRuntime } from './session-runtime.js';
import { releaseProviders } from '../sdk/shared-provider.js';

/**
 * The session body: runs one call from its ticket until everything it held is freed, the same in every process.
 * Resolves when the call has ended, for whatever reason.
 * @param signal - ends the call when it aborts
 * @param report - receives the events of the call
 * @throws OpenRtcError with the code of the failure when the call failed
 */
export async function runSession(
  ticket: JobTicket,
  signal: HangUpSignal,
  report: ReportSessionEvent,
  runtime: SessionRuntime,
): Promise<void> {
  const { jobId, agent, tenant, room: roomName, participant } = ticket.info;
  const config = runtime.agent(agent, ticket.revision);
  const { room, textOnly } = await openRoom(ticket.media);
  const end = new SessionEnd();
  const ctx = createJobContext({
    ticket,
    room,
    process: runtime.process,
    executor: runtime.models?.executor,
    credentials: runtime.credentials,
    onShutdown: (reason) => end.because('agent_shutdown', reason),
  });
  const logger = runtime.logger.child({ jobId, agent, tenant, room: printable(roomName) });
  const call: CurrentCall = { jobId, agent, tenant, room: roomName, ctx, end, logger };
  const info: PrewarmedCall = Object.freeze({
    ...ticket.info,
    prewarmed: runtime.process.userData,
  });
  bindRoomToCall(room, call);
  const reported = deferred();
  endBeforeDeleting(call, () => {
    end.because('room_closed', 'ROOM_DELETED');
    return reported.promise;
  });
  endBeforeLeaving(call);
  serveJoined(call);
  bindJobContext(call);
  let watch: RoomWatch | undefined;
  const stopListening = hangUpOn(signal, end, () => watch?.lost ?? false);
  const opened: OpenedSession = {};
  const early = earlyEvents(room, end);

  await runInCall(call, async () => {
    try {
      const onJoined: BeginOptions['onJoined'] = ({ closeOnDisconnect }) => {
        watch = watchRoom({
          room,
          end,
          limits: runtime.limits,
          participant: participant?.identity,
          leftBefore: early.left,
          hangUpEnds: () => closeOnDisconnect !== false,
        });
        early.stop();
        report({ kind: 'joined', jobId }).catch((error: unknown) => {
          logger.warn({ error }, 'the join could not be reported');
        });
      };
      await inCallSpan(ticket, () => {
        keepContext(call);
        return beginSession({ call, info, config, runtime, textOnly, opened, report, onJoined });
      });
    } catch (error) {
      if (!(error instanceof CallEnded)) end.failed(asSessionError(error));
    }
    const outcome = await end.reached;
    early.stop();
    watch?.stop();
    stopListening();
    const deadline = () => signal.reason?.deadline ?? Number.POSITIVE_INFINITY;
    const reportEnd: ReportSessionEvent = async (event) => {
      await report(event);
      if (event.kind === 'ending') reported.resolve();
    };
    await endSession(call, opened, outcome, reportEnd, deadline);
    releaseProviders(call);
  });
  if (end.error !== undefined) throw end.error;
}

/** @param isLost - whether the room of the call is lost: then it is for that that LiveKit ends the job */
function hangUpOn(signal: HangUpSignal, end: SessionEnd, isLost: () => boolean): () => void {
  const onAbort = () => {
    const reason = signal.reason?.reason ?? 'pool_closed';
    if (reason === 'terminated' && isLost())
      end.failed(connectionLost('LiveKit has ended its job'));
    else end.because(reason);
  };
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  return () => signal.removeEventListener('abort', onAbort);
}

function asSessionError(error: unknown): OpenRtcError {
  if (isOpenRtcError(error)) return error;
  return new OpenRtcError('SESSION_START_FAILED', messageOf(error), { cause: error });
}
