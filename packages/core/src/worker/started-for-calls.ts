import { deferred } from '../base/deferred.js';
import type { Channel } from '../launch/channel.js';

/** URL of a module whose default export opens the {@link Channel} to the pool. Set by a strategy. */
const SERVE_TICKETS = 'OPENRTC_SERVE_TICKETS';
/** Index of the pool whose calls run here, see {@link PoolSource.pool}. Default: the first pool that runs. */
const SERVE_POOL = 'OPENRTC_SERVE_POOL';

// As for every other configuration that cannot run.
const EXIT_NO_POOL = 2;

/** This process, if a strategy has started it for calls. */
interface CallProcess {
  /**
   * Runs a pool of this process. Only one pool serves calls: any other one resolves when that has ended, because its
   * worker runs in another process.
   */
  run(pool: number, serve: (channel: Channel) => Promise<void>): Promise<void>;
}

let known: { readonly process: CallProcess | undefined } | undefined;

/** This process, if a strategy has started it for calls. Undefined in a worker. */
export function callProcess(): CallProcess | undefined {
  known ??= { process: read(process.env) };
  return known.process;
}

/**
 * True in a process that a strategy has started for calls. Start nothing there that belongs to a worker, such as a
 * health server or metrics.
 */
export function inCallProcess(): boolean {
  return callProcess() !== undefined;
}

function read(env: NodeJS.ProcessEnv): CallProcess | undefined {
  const module = env[SERVE_TICKETS] ?? '';
  const wanted = env[SERVE_POOL];
  // Removed, because processes that the user's code starts are not processes of calls.
  delete env[SERVE_TICKETS];
  delete env[SERVE_POOL];
  if (module === '') return undefined;
  let serving = wanted === undefined ? undefined : Number(wanted);
  const over = deferred();
  const others: number[] = [];
  // Nothing else would be said: the pools wait for one that never runs, until Node has nothing left to do.
  const onExit = () => {
    process.stderr.write(`${noSuchPool(wanted, others)}\n`);
    process.exitCode = EXIT_NO_POOL;
  };
  process.once('exit', onExit);
  return {
    async run(pool, serve) {
      serving ??= pool;
      if (pool !== serving) {
        others.push(pool);
        return over.promise;
      }
      process.off('exit', onExit);
      try {
        await serve(await openChannel(module));
      } finally {
        over.resolve();
      }
    },
  };
}

function noSuchPool(wanted: string | undefined, ran: readonly number[]): string {
  const found = ran.length === 0 ? 'no pool' : `only pool ${ran.join(', ')}`;
  const asked = wanted === undefined ? '' : `${SERVE_POOL} is "${wanted}", but `;
  return `openrtc: this process was started to run calls (${SERVE_TICKETS}). ${asked}the program has run ${found}, so no call can run here. ${SERVE_POOL} must be host.source.pool of the worker, which has run the same program; leave it out for a program with one pool.`;
}

async function openChannel(module: string): Promise<Channel> {
  const { default: open } = (await import(module)) as { default?: unknown };
  if (typeof open !== 'function')
    throw new TypeError(`${SERVE_TICKETS}: ${module} has no function as its default export.`);
  return (await open()) as Channel;
}
