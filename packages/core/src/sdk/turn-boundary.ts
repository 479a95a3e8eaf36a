import type { voice } from '@livekit/agents';

import { deferred } from '../base/deferred.js';
import type { CallPatch } from './sdk-patch.js';

type Speech = Pick<voice.SpeechHandle, 'addDoneCallback' | 'interrupted'>;

interface SpeechTask {
  readonly result: Promise<unknown>;
}

/** What the SDK has of a session that runs. */
interface Activity {
  readonly currentSpeech?: Speech | undefined;
  /** What is said next, with its priority and time. */
  readonly speechQueue?: { clone(): Iterable<readonly [number, number, Speech]> };
  /** What makes and says the answers, their tools included, and the hooks that run. */
  readonly speechTasks?: ReadonlySet<SpeechTask>;
  readonly _onEnterTask?: SpeechTask | undefined;
  readonly _onExitTask?: SpeechTask | undefined;
  readonly closeAbort: AbortController;
  waitForIdle(options: { waitForUser: boolean }): Promise<void>;
}

const activityOf = (session: voice.AgentSession): Activity | undefined =>
  (session as unknown as { readonly activity?: Activity }).activity;

/**
 * Resolves when no turn of a session is under way: the agent says nothing, no answer is being made, and no tool runs for
 * one. The caller may be speaking: that turn has not begun. Resolves at once before the session starts, and after its end.
 *
 * `AgentSession.waitForIdle()` would also wait for the caller, and takes a whole core while it does.
 */
export async function betweenTurns(session: voice.AgentSession): Promise<void> {
  for (;;) {
    const activity = activityOf(session);
    if (activity === undefined) return;
    const { currentSpeech } = activity;
    // waitForIdle() looks every millisecond while the agent speaks.
    if (currentSpeech !== undefined)
      await new Promise<void>((resolve) => currentSpeech.addDoneCallback(() => resolve()));
    await idle(activity);
    // While its tools run, a turn has no speech.
    const tools = answersOf(activity);
    if (tools.length > 0) await allOrEnd(tools, activity.closeAbort.signal);
    // Another agent may have taken over meanwhile, or the next turn begun.
    if (activityOf(session) !== activity) continue;
    if (activity.closeAbort.signal.aborted) return;
    if (activity.currentSpeech === undefined && answersOf(activity).length === 0) return;
  }
}

/** The answers that are being made. Not the hooks: `onEnter()` may run for as long as the call. */
function answersOf({ speechTasks, _onEnterTask, _onExitTask }: Activity): readonly SpeechTask[] {
  return [...(speechTasks ?? [])].filter((task) => task !== _onEnterTask && task !== _onExitTask);
}

/** Waits for all tasks, or for the end of their activity: a tool may never end. */
async function allOrEnd(tasks: readonly SpeechTask[], signal: AbortSignal): Promise<void> {
  const ended = deferred<void>();
  const end = () => ended.resolve();
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  // Their failures are those of the answers, which are reported as such.
  await Promise.race([Promise.allSettled(tasks.map(({ result }) => result)), ended.promise]);
  signal.removeEventListener('abort', end);
}

/**
 * Waits with an end of its own: each look leaves a listener with the end of the activity, and they would be there until the
 * call is over.
 */
async function idle(activity: Activity): Promise<void> {
  const { signal } = activity.closeAbort;
  const own = new AbortController();
  const end = () => own.abort();
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  const waiting = Object.create(activity, { closeAbort: { value: own } }) as Activity;
  try {
    await waiting.waitForIdle({ waitForUser: false });
  } catch (error) {
    // It rejects when the activity ends while it looks.
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** Tells when a caller takes the next turn while the agent still speaks. */
export const turnStartPatch: CallPatch = {
  scope: 'call',
  name: 'turn-start',
  why: 'A caller who types over the agent interrupts it and begins a turn in the same tick: no moment is between the turns.',
  versions: '@livekit/agents 1.9',
  apply: onTurnStart,
  undo: 'It ends with the session.',
};

/** Calls `onStart` before a turn begins with `generateReply()`, if all that the agent was saying is interrupted by then. */
export function onTurnStart(session: voice.AgentSession, onStart: () => void): void {
  const generateReply = session.generateReply.bind(session);
  session.generateReply = (options) => {
    if (isInterrupted(activityOf(session))) onStart();
    return generateReply(options);
  };
}

function isInterrupted(activity: Activity | undefined): boolean {
  if (activity === undefined) return false;
  const { currentSpeech, speechQueue } = activity;
  const queued = [...(speechQueue?.clone() ?? [])].map(([, , speech]) => speech);
  const speeches = [...(currentSpeech === undefined ? [] : [currentSpeech]), ...queued];
  // What a tool says belongs to the turn that called it.
  if (speeches.length === 0) return answersOf(activity).length === 0;
  return speeches.every(({ interrupted }) => interrupted);
}
