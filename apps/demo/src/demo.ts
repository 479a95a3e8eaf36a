import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type CallsResult, makeCalls } from './calls/make-calls.js';
import { type PlannedCall, planCalls } from './calls/plan.js';
import type { Cleanup } from './cleanup.js';
import { orAborted } from './interrupt.js';
import { keep } from './keep.js';
import { type OpenLine, openLine } from './livekit/open-line.js';
import type { DemoOptions } from './options.js';
import { answered, conversation, seconds, waveBegins } from './output/live.js';
import { paint } from './output/paint.js';
import { callTable, turnNote, usage } from './output/report.js';
import { verdict } from './output/verdict.js';
import { DemoWorker } from './worker/demo-worker.js';

// When the worker drains, the calls of the demo have ended, but a guest's call may be live.
const DRAIN_MS = 10_000;
const GUEST_DRAIN_MS = 600_000;
/** Time between the two signals that end live calls: without it they would count as one. */
const NOW_MS = 200;

/** Options and callbacks of a run of the demo. */
export interface DemoScene {
  options: DemoOptions;
  cleanup: Cleanup;
  signal: AbortSignal;
  /** Called with a function that ends live calls, once there can be any. */
  onStoppable: (stopNow: () => void) => void;
}

/** Runs the demo; resolves with its exit code, rejects when it could not be completed. */
export async function demo({ options, cleanup, signal, onStoppable }: DemoScene): Promise<number> {
  const { calls, atOnce, embedded, verbose } = options;
  const say = (line: string): void => console.log(`${paint('dim', 'LiveKit ')}  ${line}`);
  console.log(
    paint(
      'bold',
      `OpenRTC demo: three voice agents in ONE Node process answer ${calls} calls, ${atOnce} at a time, without an API key.\n`,
    ),
  );
  const opened = await openLine({ embedded, say, cleanup, signal });
  if (opened.warning !== undefined) {
    console.log(
      paint(
        'yellow',
        `*** NO REAL LIVEKIT-SERVER: ${opened.warning}\n*** Calls are text, over the embedded endpoint: no speech, no WebRTC.`,
      ),
    );
  }
  say(opened.title);

  const worker = startWorker(opened, verbose);
  cleanup.add(() => worker.stop(NOW_MS));
  onStoppable(() => void worker.stop(NOW_MS));
  const result = await orAborted(signal, call(opened, worker, { options, signal })).catch(
    (error: unknown) => {
      // After a signal the log does not matter; for errors it helps.
      if (!signal.aborted) showLog(worker);
      throw error;
    },
  );
  console.log(
    `\n${callTable(result.calls)}\n\n${[usage(result), turnNote(result.calls)].filter(Boolean).join('\n\n')}`,
  );
  if (options.keep) await keep(opened, worker, signal);
  const exit = await worker.stop(options.keep ? GUEST_DRAIN_MS : DRAIN_MS);
  const { text, good } = verdict({ result, exit, expected: options });
  if (!good) showLog(worker);
  console.log(`\n${text}`);
  return good ? 0 : 1;
}

function startWorker({ line }: OpenLine, verbose: boolean): DemoWorker {
  const logFile = verbose ? join(tmpdir(), `openrtc-demo-worker-${process.pid}.log`) : undefined;
  if (logFile !== undefined) console.log(`${paint('dim', 'Log     ')}  ${logFile}`);
  return new DemoWorker(line.livekit, logFile === undefined ? {} : { logFile });
}

async function call(
  opened: OpenLine,
  worker: DemoWorker,
  { options, signal }: Pick<DemoScene, 'options' | 'signal'>,
): Promise<CallsResult> {
  const startedAt = Date.now();
  const agents = await worker.agents();
  const took = seconds(Date.now() - startedAt);
  console.log(
    `${paint('dim', 'Worker  ')}  process ${worker.pid}, registered after ${took} with the agents ${agents.join(', ')}`,
  );
  const suffix = opened.kind === 'external' ? `-${randomBytes(3).toString('hex')}` : '';
  const planned = planCalls(options.calls, suffix);
  return makeCalls(planned, options.atOnce, {
    line: opened.line,
    worker,
    signal,
    onWave: (wave: readonly PlannedCall[]) => console.log(waveBegins(wave, planned.length)),
    onAnswered: (...what) => console.log(answered(...what)),
    onFinished: (each) => console.log(conversation(each)),
  });
}

function showLog(worker: DemoWorker): void {
  console.error(`\nThe last lines of the worker's log:\n${worker.lines.all.slice(-15).join('\n')}`);
}
