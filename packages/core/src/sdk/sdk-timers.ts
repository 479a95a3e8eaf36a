import { Task, type voice } from '@livekit/agents';

import { type CallPatch, type ProcessPatch, type UndoPatch, nothingToUndo } from './sdk-patch.js';

/*
 * Two timers of the SDK run longer than they are needed and would keep a drained worker from exiting: the first for 5 s
 * after every call, the second for 15 s after some.
 */

interface TaskPrototype {
  cancelAndWait(timeout?: number): Promise<unknown>;
}

/** Makes `Task.cancelAndWait(timeout)` clear its timer. */
export const taskTimersPatch: ProcessPatch = {
  scope: 'process',
  name: 'task-timers',
  why: 'Task.cancelAndWait(timeout) leaves its timer running, which keeps a drained worker from exiting for 5 s.',
  versions: '@livekit/agents 1.9',
  apply: clearTaskTimers,
};

/** Clears the "user is away" timer at the end of a call. */
export const awayTimerPatch: CallPatch = {
  scope: 'call',
  name: 'away-timer',
  why: 'Speech that ends while a session closes starts its "user is away" timer once more, for 15 s.',
  versions: '@livekit/agents 1.9',
  apply: clearAwayTimer,
  undo: 'It clears a timer at the end of the call and changes nothing else.',
};

/** Makes `Task.cancelAndWait(timeout)` clear its timer when the task ends first. Nothing else changes. */
function clearTaskTimers(): UndoPatch {
  const prototype = Task.prototype as unknown as TaskPrototype;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'cancelAndWait');
  const cancelAndWait = descriptor?.value as TaskPrototype['cancelAndWait'] | undefined;
  if (descriptor === undefined || typeof cancelAndWait !== 'function') return nothingToUndo;
  prototype.cancelAndWait = async function (this: TaskPrototype, timeout?: number) {
    if (!timeout) return cancelAndWait.call(this);
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('Task cancellation timed out')), timeout);
    });
    try {
      return await Promise.race([cancelAndWait.call(this), tooLate]);
    } finally {
      clearTimeout(timer);
    }
  };
  return () => void Object.defineProperty(prototype, 'cancelAndWait', descriptor);
}

/** Clears the "user is away" timer, which is set again when speech ends while the session closes. */
export function clearAwayTimer(session: voice.AgentSession): void {
  const { userAwayTimer } = session as unknown as { userAwayTimer?: NodeJS.Timeout | null };
  if (userAwayTimer) clearTimeout(userAwayTimer);
}
