import type { Core } from '../load/core.js';
import type { LoadedPool } from '../load/load-module.js';
import type { Host } from '../host.js';
import type { Flags } from '../options/table.js';
import type { Verb } from './verb.js';

/** The arguments of a verb. */
export interface VerbContext {
  readonly verb: Verb;
  readonly flags: Flags;
  readonly host: Host;
  /** Loads the pool; `prepare` is called with core before any of the user's code runs. */
  readonly load: (prepare?: (core: Core) => void) => Promise<LoadedPool>;
}

/** The arguments of a verb that needs no pool. */
export type ViewContext = Pick<VerbContext, 'flags' | 'host'>;

/** Runs a verb; resolves with the exit code. */
export type RunVerb = (context: VerbContext) => Promise<number>;
