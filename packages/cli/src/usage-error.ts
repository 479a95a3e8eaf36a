/** The user's code failed outside of calls. The message may have several lines. */
export class UserCodeError extends Error {
  override readonly name = 'UserCodeError';
}

/** The command line, the environment or the agents are wrong, and nothing was started. The message is one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
