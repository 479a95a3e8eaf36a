/** Code of the user's failed where it is no part of a call. Its message may have several lines. */
export class UserCodeError extends Error {
  override readonly name = 'UserCodeError';
}

/** The command cannot do what it was told, and nothing was started. Its message is one line for people. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
