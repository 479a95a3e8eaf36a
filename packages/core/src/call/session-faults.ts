/** What failed in a call and was survived: plain data. */
export interface SessionFaults {
  /** Throws, rejections and failed streams of agents' hooks and nodes, and hooks that took too long. */
  readonly hookErrors: number;
  /** Tools that failed, as the model was told. */
  readonly toolErrors: number;
}
