import { setTimeout as delay } from 'node:timers/promises';

import { exitCode } from '../exit-code.js';
import { FollowedFile } from '../live/followed-file.js';
import { plainText } from '../live/line.js';
import { type LiveHost, isScreen } from '../live/live-host.js';
import { parsed } from '../live/fields.js';
import {
  type MetricsSource,
  eventLine,
  metricsScreen,
  metricsText,
  troubles,
} from '../live/metrics/metrics-lines.js';
import { MetricsState } from '../live/metrics/metrics-state.js';
import { showLive } from '../live/show-live.js';
import { untilEnded } from '../live/until-ended.js';
import { UsageError } from '../usage-error.js';

/** What `tui` is told. */
export interface TuiContext {
  readonly flags: {
    /** Default: {@link DEFAULT_FILE}. */
    readonly file?: string;
    readonly watch?: boolean;
    readonly fromStart?: boolean;
  };
  readonly host: LiveHost;
}

const DEFAULT_FILE = './openrtc-metrics.jsonl';
// Some minutes of a worker with a hundred calls.
const TAIL_BYTES = 1_024 * 1_024;
const LOOK_MS = 250;

/** `tui`: what a metrics file tells, once, or as it grows. */
export async function run({ flags, host }: TuiContext): Promise<number> {
  const path = flags.file ?? DEFAULT_FILE;
  const file = new FollowedFile(path, flags.fromStart ? 'start' : { lastBytes: TAIL_BYTES });
  try {
    if (!flags.watch) return await once(file, path, host);
    if (isScreen(host)) await watch(file, path, host);
    else await print(file, path, host);
  } finally {
    await file[Symbol.asyncDispose]();
  }
  return exitCode.done;
}

async function once(file: FollowedFile, path: string, host: LiveHost): Promise<number> {
  const state = new MetricsState();
  if (!(await file.read((line) => state.add(line)))) throw new UsageError(noFile(path));
  // What is being written at this moment is no broken line.
  const rest = file.rest();
  if (rest !== undefined && parsed(rest) !== undefined) state.add(rest);
  const columns = host.stdout.columns ?? Number.POSITIVE_INFINITY;
  const lines = metricsText(state, sourceOf(file, path, true), columns);
  host.stdout.write(`${lines.map(plainText).join('\n')}\n`);
  return state.workers.length === 0 ? exitCode.failed : exitCode.done;
}

async function watch(file: FollowedFile, path: string, host: LiveHost): Promise<void> {
  const state = new MetricsState();
  let there = false;
  await showLive(
    {
      async look() {
        there = (await file.read((line) => state.add(line))) || there;
      },
      lines: (size) => metricsScreen(state, sourceOf(file, path, there), size),
      pressed: ({ text }) => text === 'q' || text === 'Q',
    },
    host,
    LOOK_MS,
  );
}

/** Where there is no screen: a line for each event, and one for each kind of line that is none of ours. */
async function print(file: FollowedFile, path: string, host: LiveHost): Promise<void> {
  const state = new MetricsState();
  const told = new Set<string>();
  const tell = (kind: string, words: string) => {
    if (told.has(kind)) return;
    told.add(kind);
    host.stderr.write(`openrtc: ${words}\n`);
  };
  await untilEnded(host, async (signal) => {
    while (!signal.aborted) {
      const there = await file.read((line) => {
        const event = state.add(line);
        if (event !== undefined) host.stdout.write(`${eventLine(event)}\n`);
      });
      if (!there) tell('waiting', `${noFile(path)}; waiting for it`);
      for (const [kind, words] of troubles(state, sourceOf(file, path, there)))
        tell(kind, `${words} in ${path}`);
      // An end that came meanwhile is seen at the top.
      await delay(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  });
}

function sourceOf({ broken, restarts }: FollowedFile, path: string, there: boolean): MetricsSource {
  return { path, there, broken, restarts };
}

function noFile(path: string): string {
  return `there is no ${path}: a worker writes it with --metrics-jsonl ${path}`;
}
