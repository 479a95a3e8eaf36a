import { type WorkersOfUser, readWorkers } from '@openrtc/core/operate';
import { setTimeout as delay } from 'node:timers/promises';

import { exitCode } from '../exit-code.js';
import { isScreen } from '../host.js';
import { printLines } from '../live/layout.js';
import { type LiveView, showLive } from '../live/show-live.js';
import { callsOf } from '../live/top/call-row.js';
import { topJson } from '../live/top/top-json.js';
import { topScreen, topText } from '../live/top/top-lines.js';
import { afterKey, initialView } from '../live/top/top-view.js';
import { type TopState, type WatchedWorker, updateWorkers } from '../live/top/watched-workers.js';
import { terminalJson } from '../terminal-text.js';
import type { ViewContext } from './verb-context.js';

const REFRESH_MS = 1_000;
// CPU is measured between two polls, and a worker measures at most once in 900 ms.
const SECOND_POLL_MS = 1_000;

/** `top`: shows the calls of all workers of this user on this machine, until `q`. Without a terminal, once. */
export async function run(context: ViewContext): Promise<number> {
  const { flags, host } = context;
  if (flags.json || flags.once || !isScreen(host.stdout, host.env)) return printOnce(context);
  let view = initialView(flags);
  let pages = 1;
  let state: TopState = { workers: [], problems: [], nowMs: performance.now() };
  const live: LiveView = {
    async refresh() {
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

/** Prints the calls once. It fails when there is no worker. */
async function printOnce({ flags, host }: ViewContext): Promise<number> {
  const view = initialView(flags);
  let state = stateAfter([], await readWorkers());
  if (callsOf(state.workers).some(({ cpuPercent }) => cpuPercent === null)) {
    await delay(SECOND_POLL_MS);
    state = stateAfter(state.workers, await readWorkers());
  }
  if (flags.json)
    host.stdout.write(`${terminalJson(JSON.stringify(topJson(state, view), undefined, 2))}\n`);
  else printLines(host, (columns) => topText(state, view, columns));
  return state.workers.length === 0 ? exitCode.failed : exitCode.done;
}

function stateAfter(before: readonly WatchedWorker[], found: WorkersOfUser): TopState {
  const nowMs = performance.now();
  return { workers: updateWorkers(before, found, nowMs), problems: found.problems, nowMs };
}
