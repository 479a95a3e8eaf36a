import type { AgentPool } from '@openrtc/core';

import { dashboard } from './dashboard/dashboard.js';
import type { Host } from './host.js';
import type { Flags } from './options/table.js';
import type { Verb } from './verbs/verb.js';

/** A worker that is about to run. */
export interface WorkerContext {
  readonly pool: AgentPool;
  readonly flags: Flags;
  readonly verb: Verb;
  readonly host: Host;
}

/**
 * Something of the command's own that runs beside a worker. Its options are rows of the table. Not opened in processes
 * of calls. Health and metrics files are the pool's own, see `operate-settings.ts`.
 */
export interface Companion {
  /** Undefined when the flags do not ask for it. Rejects when it cannot do what they ask: the worker does not start. */
  open(worker: WorkerContext): Promise<AsyncDisposable | undefined>;
}

const companions: readonly Companion[] = [dashboard];

/** Opens all; when one cannot be opened, those before it are closed. */
export async function openCompanions(
  worker: WorkerContext,
  list: readonly Companion[] = companions,
): Promise<AsyncDisposable> {
  const open: AsyncDisposable[] = [];
  const close = async (): Promise<void> => {
    for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
  };
  try {
    for (const companion of list) {
      const opened = await companion.open(worker);
      if (opened !== undefined) open.push(opened);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { [Symbol.asyncDispose]: close };
}
