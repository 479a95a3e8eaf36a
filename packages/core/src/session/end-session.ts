import type { JobContext } from '@livekit/agents';
import { rm } from 'node:fs/promises';

import type { SessionOutcome } from '../call/session-outcome.js';
import { timeBox } from '../base/time-box.js';
import type { OpenedSession } from './begin-session.js';
import type { CurrentCall } from '../sdk/current-call.js';
import type { ReportSessionEvent } from '../call/session-event.js';
import {
  CLOSE_MS,
  DISCONNECT_MS,
  ENDING_MS,
  REPORT_MS,
  SHUTDOWN_CALLBACK_MS,
} from '../call/session-limits.js';
import { closeOwnedProviders } from './owned-providers.js';
import { clearAwayTimer } from '../sdk/sdk-timers.js';
import { releaseRoom } from '../sdk/session-room.js';

// All steps together; past it, and past a deadline, each still gets a moment.
const TOTAL_MS = 30_000;
const LEAST_MS = 250;

/**
 * From the end of the conversation to nothing left of it: close the session, have the final status
 * sent, leave the room, run the shutdown callbacks, free what is held. Each step has its own time box
 * and runs whatever became of the one before. Never rejects.
 * @param deadline - Unix time in milliseconds by which the worker wants it over, asked before each step
 * because it may come late; steps get shorter, none is skipped
 */
export async function endSession(
  call: CurrentCall,
  opened: OpenedSession,
  outcome: SessionOutcome,
  report: ReportSessionEvent,
  deadline: () => number,
): Promise<void> {
  const { ctx, jobId } = call;
  const left = timeLeft(deadline);
  const step = async (what: string, ms: number, work: () => unknown) => {
    const budget = Math.min(ms, Math.max(LEAST_MS, left()));
    const ran = await timeBox(budget, work, (error) =>
      call.logger.error({ error }, `${what} failed, late`),
    );
    if (ran.kind === 'timeout')
      call.logger.warn({ ms: budget }, `${what} took too long: going on without it`);
    if (ran.kind === 'failed') call.logger.error({ error: ran.error }, `${what} failed`);
  };

  await step('closing the session', CLOSE_MS, () => opened.session?.close());
  await step('closing the audio input', CLOSE_MS, () => opened.audioInput?.close());
  // The last word of a call is its end.
  await step('reporting the usage', ENDING_MS, () => opened.usage?.close());
  // Before leaving: the server records a job whose agent left without a final status as failed.
  await step('reporting the end', ENDING_MS, () => report({ kind: 'ending', jobId, outcome }));
  await step('closing the providers', CLOSE_MS, () => closeOwnedProviders(call));
  await step('the session report', REPORT_MS, () => ctx._onSessionEnd());
  await step('leaving the room', DISCONNECT_MS, () => leaveRoom(ctx, opened));
  await Promise.all(
    ctx.shutdownCallbacks.map((callback) =>
      step('a shutdown callback', SHUTDOWN_CALLBACK_MS, callback),
    ),
  );
  await step('releasing the room', DISCONNECT_MS, () => {
    opened.stopWatching?.();
    if (opened.session !== undefined) clearAwayTimer(opened.session);
    releaseRoom(ctx.room);
  });
  await step('removing the session directory', REPORT_MS, () => removeSessionDirectory(ctx));
}

/** What is left of the total, or of an earlier deadline, in milliseconds. */
function timeLeft(deadline: () => number): () => number {
  let until = performance.now() + TOTAL_MS;
  let known = false;
  return () => {
    const wanted = deadline();
    if (!known && Number.isFinite(wanted)) {
      known = true;
      // Read once: the clock it is meant by may be set at any time.
      until = Math.min(until, performance.now() + wanted - Date.now());
    }
    return until - performance.now();
  };
}

// A join that is under way cannot be called off, and a room that is not joined yet cannot be left: an agent
// that gave up waiting would come in after all, and stay. This goes on when its time box is over.
async function leaveRoom(ctx: JobContext, { joining }: OpenedSession): Promise<void> {
  await Promise.allSettled([joining]);
  await ctx.room.disconnect();
}

// Recordings were uploaded by the report step; the SDK leaves the folder behind.
async function removeSessionDirectory(ctx: JobContext): Promise<void> {
  if (ctx.sessionDirectory.includes(ctx.job.id))
    await rm(ctx.sessionDirectory, { recursive: true, force: true });
}
