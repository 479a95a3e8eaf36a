import { voice } from '@livekit/agents';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import type { CurrentCall } from '../sdk/current-call.js';
import type { SessionEvent } from '../call/session-event.js';
import { CallReports } from './call-reports.js';
import { UsageWatch } from './watch-usage.js';

/** The part of a session that is used here. */
class Session extends EventEmitter {
  usage = { modelUsage: [{ type: 'llm_usage', inputTokens: 0 }] };

  use(inputTokens: number): void {
    this.usage.modelUsage = [{ type: 'llm_usage', inputTokens }];
    this.emit(voice.AgentSessionEventTypes.SessionUsageUpdated, { usage: this.usage });
  }
}

let session: Session;
let log: LogBook;
let reported: SessionEvent[];
let report: (event: SessionEvent) => Promise<void>;

const watch = () =>
  new UsageWatch(
    session as unknown as voice.AgentSession,
    new CallReports({ jobId: 'AJ_1', logger: log } as unknown as CurrentCall, (event) =>
      report(event),
    ),
  );

beforeEach(() => {
  vi.useFakeTimers();
  session = new Session();
  log = new LogBook();
  reported = [];
  report = async (event) => void reported.push(event);
});

afterEach(() => {
  vi.useRealTimers();
});

test('several turns are reported together, with the sum so far', () => {
  watch();
  for (const tokens of [10, 25, 40]) session.use(tokens);
  expect(reported).toEqual([]);
  vi.runOnlyPendingTimers();
  expect(reported).toMatchObject([{ kind: 'usage', jobId: 'AJ_1', usage: [{ inputTokens: 40 }] }]);
  vi.advanceTimersByTime(60_000);
  expect(reported).toHaveLength(1);
  session.use(50);
  vi.runOnlyPendingTimers();
  expect(reported[1]).toMatchObject({ usage: [{ inputTokens: 50 }] });
});

test('the final usage is reported at the end of the call, and no timer is left', () => {
  const usage = watch();
  session.use(10);
  usage.close();
  expect(reported).toMatchObject([{ usage: [{ inputTokens: 10 }] }]);
  session.use(20);
  expect(reported).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
  expect(session.listenerCount(voice.AgentSessionEventTypes.SessionUsageUpdated)).toBe(0);
});

test('a call without usage reports nothing', () => {
  watch().close();
  expect(reported).toEqual([]);
});

test('a report that fails is logged', async () => {
  report = () => Promise.reject(new Error('gone'));
  const usage = watch();
  session.use(10);
  usage.close();
  await log.until('was not reported');
});
