import type { AgentPool } from '@openrtc/core';

import type { Host } from './host.js';
import type { LoadedPool } from './load/load-module.js';
import type { Flags } from './options/table.js';
import type { Verb } from './verbs/verb.js';

/** A worker that is about to run. */
export interface WorkerContext {
  readonly pool: AgentPool;
  /** How it was loaded. */
  readonly loaded: Pick<LoadedPool, 'core' | 'hot'>;
  readonly flags: Flags;
  readonly verb: Verb;
  readonly host: Host;
}

/**
 * A part of the command that runs beside a worker. Its options are rows of the table. It is not opened in processes for
 * calls. Health and metrics files belong to the pool itself, see `operate-settings.ts`.
 */
export interface Companion {
  /** Undefined when the flags do not ask for it. When it rejects, the worker does not start. */
  open(worker: WorkerContext): Promise<AsyncDisposable | undefined>;
}
