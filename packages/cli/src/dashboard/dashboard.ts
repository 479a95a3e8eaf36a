import type { RuntimeSnapshot } from '@openrtc/core';

import type { Companion } from '../companions.js';
import type { Host } from '../host.js';
import { flagOf } from '../options/table.js';
import { UsageError } from '../usage-error.js';
import { outputTo } from './output.js';
import { ScreenBottom } from './screen-bottom.js';
import { summaryLine, summaryLines } from './summary.js';

const REFRESH_MS = 1_000;

/** `--dashboard`: what the worker does, in the last lines of a terminal, else in a line each time. */
export const dashboard: Companion = {
  async open({ pool, flags: { dashboard: wanted = false, dashboardRefresh }, host }) {
    if (wanted) return openDashboard(() => pool.runtimeSnapshot(), host, dashboardRefresh);
    if (dashboardRefresh === undefined) return undefined;
    throw new UsageError(
      `${flagOf('dashboardRefresh')} is about ${flagOf('dashboard')}: give that as well`,
    );
  },
};

/** Shows the snapshot until it is disposed of. */
export function openDashboard(
  snapshot: () => RuntimeSnapshot,
  { stderr, env }: Pick<Host, 'stderr' | 'env'>,
  everyMs = REFRESH_MS,
): AsyncDisposable {
  const output = outputTo(stderr);
  const bottom =
    stderr.isTTY === true && env['TERM'] !== 'dumb'
      ? new ScreenBottom(
          (text) => output.write(text),
          () => ({ rows: stderr.rows ?? 0, columns: stderr.columns ?? 0 }),
        )
      : undefined;
  const draw = () =>
    bottom === undefined
      ? output.write(`${summaryLine(snapshot())}\n`)
      : bottom.show(summaryLines(snapshot()));
  // Before the first log line; a log gets its first line when there is something to tell.
  if (bottom !== undefined) draw();
  const timer = setInterval(draw, everyMs).unref();
  const release = () => bottom?.[Symbol.dispose]();
  // Whatever ends the process: a terminal that does not scroll is of no use to anybody.
  process.on('exit', release);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      release();
      process.off('exit', release);
      output[Symbol.dispose]();
    },
  };
}
