import { deferred } from '../base/deferred.js';
import type { Channel } from '../launch/channel.js';

/** URL of a module whose default export opens the {@link Channel} to the pool. Set by a strategy. */
const SERVE_TICKETS = 'OPENRTC_SERVE_TICKETS';
/** Which of the entry's pools the calls belong to, see {@link PoolSource.pool}. Default: the first that runs. */
const SERVE_POOL = 'OPENRTC_SERVE_POOL';

/** This process, when a strategy has started it for calls. */
interface CallProcess {
  /**
   * Has a pool of it serve. Another than the one that is wanted takes no calls, and is over when that is:
   * its worker is at the other end.
   */
  run(pool: number, serve: (channel: Channel) => Promise<void>): Promise<void>;
}

let known: { readonly process: CallProcess | undefined } | undefined;

/** Undefined in a worker. */
export function callProcess(): CallProcess | undefined {
  known ??= { process: read(process.env) };
  return known.process;
}

/**
 * True in a process that a strategy has started for calls: what belongs to a worker (a health server, metrics)
 * has no place there.
 */
export function inCallProcess(): boolean {
  return callProcess() !== undefined;
}

function read(env: NodeJS.ProcessEnv): CallProcess | undefined {
  const module = env[SERVE_TICKETS] ?? '';
  const wanted = env[SERVE_POOL];
  // What the user's code starts from here is none of ours.
  delete env[SERVE_TICKETS];
  delete env[SERVE_POOL];
  if (module === '') return undefined;
  let serving = wanted === undefined ? undefined : Number(wanted);
  const over = deferred();
  return {
    async run(pool, serve) {
      serving ??= pool;
      if (pool !== serving) return over.promise;
      try {
        await serve(await openChannel(module));
      } finally {
        over.resolve();
      }
    },
  };
}

async function openChannel(module: string): Promise<Channel> {
  const { default: open } = (await import(module)) as { default?: unknown };
  if (typeof open !== 'function')
    throw new TypeError(`${SERVE_TICKETS}: ${module} has no function as its default export.`);
  return (await open()) as Channel;
}
