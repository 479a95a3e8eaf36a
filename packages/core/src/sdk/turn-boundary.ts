import type { voice } from '@livekit/agents';

import type { CallPatch } from './sdk-patch.js';

type Speech = Pick<voice.SpeechHandle, 'addDoneCallback' | 'interrupted'>;

/** What the SDK has of a session that runs. */
interface Activity {
  readonly currentSpeech?: Speech | undefined;
  /** What is said next, with its priority and time. */
  readonly speechQueue?: { clone(): Iterable<readonly [number, number, Speech]> };
  readonly closeAbort: AbortController;
  waitForIdle(options: { waitForUser: boolean }): Promise<void>;
}

const activityOf = (session: voice.AgentSession): Activity | undefined =>
  (session as unknown as { readonly activity?: Activity }).activity;

/**
 * Resolves when no turn of a session is under way: the agent says nothing, and no answer is being made. The caller may be
 * speaking: that turn has not begun. Resolves at once before the session starts, and after its end.
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
    // Another agent may have taken over meanwhile, or the next turn begun.
    if (activityOf(session) !== activity) continue;
    if (activity.currentSpeech === undefined || activity.closeAbort.signal.aborted) return;
  }
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
  return [...(currentSpeech === undefined ? [] : [currentSpeech]), ...queued].every(
    ({ interrupted }) => interrupted,
  );
}
