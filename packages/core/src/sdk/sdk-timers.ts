import { Task, type voice } from '@livekit/agents';

/*
 * Two timers of the SDK outlive what they were for and would keep a drained worker from exiting, the
 * first for 5 s after every call, the second for 15 s after some.
 */

const patched = Symbol.for('@openrtc/core:cancelAndWait');

interface TaskPrototype {
  cancelAndWait(timeout?: number): Promise<unknown>;
  [patched]?: true;
}

/**
 * Makes `Task.cancelAndWait(timeout)` clear its timer when the task is done first; as shipped it leaves
 * it running. Otherwise it does what it did.
 */
export function clearTaskTimers(): void {
  const prototype = Task.prototype as unknown as TaskPrototype;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'cancelAndWait');
  const cancelAndWait = descriptor?.value as TaskPrototype['cancelAndWait'] | undefined;
  if (prototype[patched] || typeof cancelAndWait !== 'function') return;
  prototype[patched] = true;
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
}

/** Clears the "user is away" timer, which speech that ends while the session closes sets once more. */
export function clearAwayTimer(session: voice.AgentSession): void {
  const { userAwayTimer } = session as unknown as { userAwayTimer?: NodeJS.Timeout | null };
  if (userAwayTimer) clearTimeout(userAwayTimer);
}
