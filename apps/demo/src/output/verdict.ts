import type { Exit } from '@openrtc/test-rig';

import type { CallsResult } from '../calls/make-calls.js';
import type { DemoOptions } from '../options.js';

import { paint } from './paint.js';

/** The input of {@link verdict}. */
export interface Evidence {
  result: CallsResult;
  exit: Exit;
  expected: Pick<DemoOptions, 'calls' | 'atOnce'>;
}

/** Whether the demo succeeded, with a text for people. */
export function verdict({ result, exit, expected }: Evidence): { good: boolean; text: string } {
  const missing = result.calls.flatMap(({ planned, problems }) =>
    problems.map((problem) => `call ${planned.number}: ${problem}`),
  );
  const right = result.calls.filter(({ problems }) => problems.length === 0).length;
  if (result.mostAtOnce < expected.atOnce) {
    missing.push(
      `only ${result.mostAtOnce} of ${expected.atOnce} calls were live at the same time`,
    );
  }
  if (exit.code !== 0)
    missing.push(`the worker ended with ${exit.code ?? exit.signal} instead of 0`);
  const worker =
    exit.code === 0 ? 'drained on SIGTERM and exited 0' : `ended with ${exit.code ?? exit.signal}`;
  const summary = `${right} of ${expected.calls} calls were answered by the right agent with the right words, ${result.mostAtOnce} at the same time; the worker ${worker}.`;
  if (missing.length === 0) return { good: true, text: paint('green', `All well: ${summary}`) };
  const lines = missing.map((each) => `  missing: ${each}`);
  return { good: false, text: paint('red', [`NOT well: ${summary}`, ...lines].join('\n')) };
}
