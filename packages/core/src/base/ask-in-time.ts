import { isThenable } from './is-thenable.js';
import { timeBox } from './time-box.js';

/** What becomes of a question to user code. */
export interface Answers<T> {
  /** It was answered. */
  readonly answered: (answer: unknown) => T;
  /** It threw, or rejected. */
  readonly threw: (error: unknown) => T;
  /** It did not answer in time. */
  readonly late: () => T;
}

/**
 * Asks a function of the user that may answer at once, or later in a time box. Returns a promise only when the function
 * does, and throws or rejects only when one of `answers` does.
 */
export function askInTime<T>(
  ask: () => unknown,
  timeoutMs: number,
  answers: Answers<T>,
): T | Promise<T> {
  let answer: unknown;
  try {
    answer = ask();
    if (isThenable(answer)) return withinTimeBox(answer, timeoutMs, answers);
  } catch (error) {
    return answers.threw(error);
  }
  return answers.answered(answer);
}

async function withinTimeBox<T>(
  answer: PromiseLike<unknown>,
  timeoutMs: number,
  { answered, threw, late }: Answers<T>,
): Promise<T> {
  const boxed = await timeBox(timeoutMs, () => answer);
  switch (boxed.kind) {
    case 'done':
      return answered(boxed.value);
    case 'failed':
      return threw(boxed.error);
    case 'timeout':
      return late();
  }
}
