import type { JobContext } from '@livekit/agents';
import { rm } from 'node:fs/promises';

import type { SessionEndReason } from '../call/end-reason.js';
import type { SessionOutcome } from '../call/session-outcome.js';
import { timeBox } from '../base/time-box.js';
import type { OpenedSession } from './begin-session.js';
import { closeBelongings } from '../sdk/belongings.js';
import { type CurrentCall, runInCall } from '../sdk/current-call.js';
import type { ReportSessionEvent } from '../call/session-event.js';
import {
  CLOSE_MS,
  DISCONNECT_MS,
  ENDING_MS,
  JOINING_MS,
  REPORT_MS,
  SHUTDOWN_CALLBACK_MS,
} from '../call/session-limits.js';
import { closeOwnedProviders } from './owned-providers.js';
import { leaveRoom } from '../sdk/leave-room.js';
import { releaseToolsets } from '../sdk/shared-toolsets.js';
import { clearAwayTimer } from '../sdk/sdk-timers.js';
import { releaseRoom } from '../sdk/session-room.js';

// Time for all steps together. After it, or after the deadline, each remaining step still gets the minimum.
const TOTAL_MS = 30_000;
const MIN_STEP_MS = 250;

// Ends after which nobody waits for last words: the callers are gone, or LiveKit has ended the job. And how long the
// sessions of these calls may take to close before the end is reported.
const UNHEARD: ReadonlySet<SessionEndReason> = new Set([
  'caller_left',
  'room_closed',
  'terminated',
  'empty_room',
]);
const UNHEARD_MS = 1_000;

/**
 * Ends a call: closes the session, has the final status sent, leaves the room, runs the shutdown callbacks, and frees
 * everything. Each step has its own time limit and runs whether or not the one before succeeded. Never rejects.
 * @param deadline - returns when the worker wants the call to have ended, in Unix time (ms). It is read before each
 * step, because it may be set while the call ends; then steps get shorter, but none is skipped
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
    const budget = Math.min(ms, Math.max(MIN_STEP_MS, left()));
    const ran = await timeBox(budget, work, (error) =>
      call.logger.error({ error }, `${what} failed after its timeout`),
    );
    if (ran.kind === 'timeout')
      call.logger.warn({ ms: budget }, `${what} took too long: going on without it`);
    if (ran.kind === 'failed') call.logger.error({ error: ran.error }, `${what} failed`);
  };

  opened.endChanges?.();
  const closed = (async () => {
    await step('closing the session', CLOSE_MS, () => opened.session?.close());
    await step('closing the audio input', CLOSE_MS, () => opened.audioInput?.close());
  })();
  // Without a caller nobody hears the last words, and LiveKit may close the room while the session says them.
  if (UNHEARD.has(outcome.reason)) await timeBox(UNHEARD_MS, () => closed);
  else await closed;
  // Before the end is reported, because that must be the last event of a call.
  await step('reporting turns and usage', ENDING_MS, () => opened.watch?.finish());
  // Before leaving the room: the server records a job whose agent left without a final status as failed.
  await step('reporting the end', ENDING_MS, () => report({ kind: 'ending', jobId, outcome }));
  await closed;
  await step('closing what the call left open', CLOSE_MS, () => closeBelongings(call, 'in_room'));
  await step('the session report', REPORT_MS, () => ctx._onSessionEnd());
  await step(
    'leaving the room',
    (await isPending(opened.joining)) ? JOINING_MS : DISCONNECT_MS,
    () => leaveWhenJoined(ctx, opened),
  );
  await Promise.all(
    ctx.shutdownCallbacks.map((callback) =>
      step('a shutdown callback', SHUTDOWN_CALLBACK_MS, callback),
    ),
  );
  await step('closing what the call left open', CLOSE_MS, () => closeBelongings(call, 'at_end'));
  await step('closing the toolsets', CLOSE_MS, () => runInCall(call, () => releaseToolsets(call)));
  // After everything that may still use them: shutdown callbacks, such as one that writes a summary, and open streams.
  await step('closing the providers', CLOSE_MS, () =>
    runInCall(call, () => closeOwnedProviders(call)),
  );
  await step('releasing the room', DISCONNECT_MS, () => {
    opened.watch?.close();
    if (opened.session !== undefined) clearAwayTimer(opened.session);
    releaseRoom(ctx.room);
  });
  await step('removing the session directory', REPORT_MS, () => removeSessionDirectory(ctx));
}

async function isPending(work: Promise<unknown> | undefined): Promise<boolean> {
  if (work === undefined) return false;
  const settled = work.then(
    () => false,
    () => false,
  );
  return Promise.race([settled, new Promise<true>((resolve) => setImmediate(resolve, true))]);
}

/** Returns the time left until the total or an earlier deadline is reached, in milliseconds. */
function timeLeft(deadline: () => number): () => number {
  let until = performance.now() + TOTAL_MS;
  let known = false;
  return () => {
    const deadlineMs = deadline();
    if (!known && Number.isFinite(deadlineMs)) {
      known = true;
      // Converted only once, because the wall clock may be set at any time.
      until = Math.min(until, performance.now() + deadlineMs - Date.now());
    }
    return until - performance.now();
  };
}

// A join cannot be cancelled, and a room that is not joined yet cannot be left: an agent that gave up waiting would
// still join, and stay. So this goes on after its time limit.
async function leaveWhenJoined(ctx: JobContext, { joining }: OpenedSession): Promise<void> {
  const late = await isPending(joining);
  await Promise.allSettled([joining]);
  await leaveRoom(ctx.room);
  // A room whose join took longer than its call was released too early.
  if (late) releaseRoom(ctx.room);
}

// The session report has uploaded the recordings; the SDK does not remove the directory.
async function removeSessionDirectory(ctx: JobContext): Promise<void> {
  if (ctx.sessionDirectory.includes(ctx.job.id))
    await rm(ctx.sessionDirectory, { recursive: true, force: true });
}
