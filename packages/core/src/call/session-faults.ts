import type { ProviderErrorCount } from './provider-error.js';

/** The number of faults in a call that did not end it, as plain data. */
export interface SessionFaults {
  /**
   * Errors of the agent's hooks and nodes: throws, rejections, failed streams, and hooks that took too long. And agents
   * that could not take over.
   */
  readonly hookErrors: number;
  /** Tool calls that failed; the model got the error as their result. */
  readonly toolErrors: number;
  /** Errors of providers, those after which the SDK tried again included. */
  readonly providerErrors: number;
  /** The same by provider and code, in the order they first came; at most 16, further ones are only in the sum. */
  readonly providers: readonly ProviderErrorCount[];
}
