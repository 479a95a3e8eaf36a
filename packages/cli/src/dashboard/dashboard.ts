import type { RuntimeSnapshot } from '@openrtc/core';

import type { Companion } from '../companion.js';
import { type Host, isScreen } from '../host.js';
import { outputTo } from './output.js';
import { ScreenBottom } from './screen-bottom.js';
import { summaryLine, summaryLines } from './summary.js';

const REFRESH_MS = 1_000;

/** `--dashboard`: the state of the worker in the last lines of the terminal, or as a line each time without one. */
export const dashboard: Companion = {
  async open({ pool, flags: { dashboard: wanted = false, dashboardRefresh }, host }) {
    return wanted ? openDashboard(() => pool.runtimeSnapshot(), host, dashboardRefresh) : undefined;
  },
};

/**
 * Shows the snapshot until it is disposed of.
 * @param everyMs - milliseconds between two updates. Default: 1000
 */
export function openDashboard(
  snapshot: () => RuntimeSnapshot,
  { stderr, env }: Pick<Host, 'stderr' | 'env'>,
  everyMs = REFRESH_MS,
): AsyncDisposable {
  const output = outputTo(stderr);
  const bottom = isScreen(stderr, env)
    ? new ScreenBottom(
        (text) => output.write(text),
        () => ({ rows: stderr.rows ?? 0, columns: stderr.columns ?? 0 }),
      )
    : undefined;
  const draw = () =>
    bottom === undefined
      ? output.write(`${summaryLine(snapshot())}\n`)
      : bottom.show(summaryLines(snapshot()));
  // A screen shows it before the first log line; a log gets the first line after the first interval.
  if (bottom !== undefined) draw();
  const timer = setInterval(draw, everyMs).unref();
  const release = () => bottom?.[Symbol.dispose]();
  // However the process ends, the terminal must scroll again.
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
