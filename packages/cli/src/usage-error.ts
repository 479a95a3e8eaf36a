/** The command cannot do what it was told, and nothing was started. Its message is one line for people. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
