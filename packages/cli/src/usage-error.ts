/** The user's code failed outside of calls. The message may have several lines. */
export class UserCodeError extends Error {
  override readonly name = 'UserCodeError';
}

/** The command line, the environment or the agents are wrong, and nothing was started. The message has a line for each fault. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Several of them. */
export class UsageFaults extends UsageError {
  /** The message of each. */
  readonly messages: readonly string[];

  constructor(text: string, messages: readonly string[], cause: unknown) {
    super(text, cause === undefined ? {} : { cause });
    this.messages = messages;
  }
}

/**
 * The faults as one error: whoever mends a command line wants to know everything that is wrong with it. Undefined
 * without a fault.
 * @param messages - one for each fault
 */
export function usageFaults(messages: readonly string[], cause?: unknown): UsageError | undefined {
  const [first, second] = messages;
  if (first === undefined) return undefined;
  if (second === undefined) return new UsageError(first, cause === undefined ? {} : { cause });
  const text = `${messages.length} things are wrong, and nothing was started:${messages.map((each) => `\n  ${each}`).join('')}`;
  return new UsageFaults(text, messages, cause);
}
