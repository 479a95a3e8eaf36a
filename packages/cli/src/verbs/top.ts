import { type WorkersOfUser, readWorkers } from '@openrtc/core/operate';
import { setTimeout as delay } from 'node:timers/promises';

import { exitCode } from '../exit-code.js';
import { harmlessJson } from '../live/json-text.js';
import { plainText } from '../live/line.js';
import { type LiveHost, isScreen } from '../live/live-host.js';
import { type LiveView, showLive } from '../live/show-live.js';
import { callsOf } from '../live/top/call-row.js';
import type { SortKey } from '../live/top/select-calls.js';
import { topJson } from '../live/top/top-json.js';
import { type TopState, topScreen, topText } from '../live/top/top-lines.js';
import { afterKey, firstView } from '../live/top/top-view.js';
import { type WatchedWorker, nextLook } from '../live/top/watched-workers.js';

/** What `top` is told. */
export interface TopContext {
  readonly flags: {
    readonly once?: boolean;
    readonly json?: boolean;
    readonly sort?: SortKey;
    readonly filter?: string;
    /** How often it looks, in milliseconds. */
    readonly refresh?: number;
  };
  readonly host: LiveHost;
}

const REFRESH_MS = 1_000;
// CPU is told of the time between two looks, and workers look once in 900 ms at most.
const SECOND_LOOK_MS = 1_000;

/** `top`: the calls of every worker of this user on this machine, until `q`. Without a terminal once. */
export async function run(context: TopContext): Promise<number> {
  const { flags, host } = context;
  if (flags.json || flags.once || !isScreen(host)) return once(context);
  let view = firstView(flags);
  let pages = 1;
  let state: TopState = { workers: [], problems: [], nowMs: performance.now() };
  const live: LiveView = {
    async look() {
      state = stateAfter(state.workers, await readWorkers());
    },
    lines(size) {
      const screen = topScreen(state, view, size);
      pages = screen.pages;
      return screen.lines;
    },
    pressed(key) {
      const next = afterKey(view, key, pages);
      if (next === 'quit') return true;
      view = next;
      return false;
    },
  };
  await showLive(live, host, flags.refresh ?? REFRESH_MS);
  return exitCode.done;
}

/** Prints one look; without a worker there is nothing to look at, which is no success. */
async function once({ flags, host }: TopContext): Promise<number> {
  const view = firstView(flags);
  let state = stateAfter([], await readWorkers());
  if (callsOf(state.workers).some(({ cpuPercent }) => cpuPercent === null)) {
    await delay(SECOND_LOOK_MS);
    state = stateAfter(state.workers, await readWorkers());
  }
  const text = flags.json
    ? harmlessJson(JSON.stringify(topJson(state, view), undefined, 2))
    : topText(state, view, host.stdout.columns ?? Number.POSITIVE_INFINITY)
        .map(plainText)
        .join('\n');
  host.stdout.write(`${text}\n`);
  return state.workers.length === 0 ? exitCode.failed : exitCode.done;
}

function stateAfter(before: readonly WatchedWorker[], found: WorkersOfUser): TopState {
  const nowMs = performance.now();
  return { workers: nextLook(before, found, nowMs), problems: found.problems, nowMs };
}
