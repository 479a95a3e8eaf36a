import type { Core } from '../load/core.js';
import type { LoadedPool } from '../load/load-pool.js';
import type { Host } from '../host.js';
import type { Flags } from '../options/table.js';
import type { Verb } from './verb.js';

/** What a verb is run with. */
export interface VerbContext {
  readonly verb: Verb;
  readonly flags: Flags;
  readonly host: Host;
  /** The pool; `prepare` is called with core before any code of the user's runs. */
  readonly load: (prepare?: (core: Core) => void) => Promise<LoadedPool>;
}

/** Does what a verb is for; resolves with the exit code. */
export type RunVerb = (context: VerbContext) => Promise<number>;
