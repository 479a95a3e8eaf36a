import { voice } from '@livekit/agents';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import type { CurrentCall } from '../sdk/current-call.js';
import type { SessionEvent } from '../call/session-event.js';
import { UsageWatch } from './watch-usage.js';

/** As much of a session as is looked at. */
class Session extends EventEmitter {
  usage = { modelUsage: [{ type: 'llm_usage', inputTokens: 0 }] };

  use(inputTokens: number): void {
    this.usage.modelUsage = [{ type: 'llm_usage', inputTokens }];
    this.emit(voice.AgentSessionEventTypes.SessionUsageUpdated, { usage: this.usage });
  }
}

let session: Session;
let log: LogBook;
let told: SessionEvent[];
let report: (event: SessionEvent) => Promise<void>;

const watch = () =>
  new UsageWatch(
    session as unknown as voice.AgentSession,
    { jobId: 'AJ_1', logger: log } as unknown as CurrentCall,
    (event) => report(event),
  );

beforeEach(() => {
  vi.useFakeTimers();
  session = new Session();
  log = new LogBook();
  told = [];
  report = async (event) => void told.push(event);
});

afterEach(() => {
  vi.useRealTimers();
});

test('many turns are one report, with the sum so far', () => {
  watch();
  for (const tokens of [10, 25, 40]) session.use(tokens);
  expect(told).toEqual([]);
  vi.runOnlyPendingTimers();
  expect(told).toMatchObject([{ kind: 'usage', jobId: 'AJ_1', usage: [{ inputTokens: 40 }] }]);
  vi.advanceTimersByTime(60_000);
  expect(told).toHaveLength(1);
  session.use(50);
  vi.runOnlyPendingTimers();
  expect(told[1]).toMatchObject({ usage: [{ inputTokens: 50 }] });
});

test('the end of the call has the last word, and leaves no timer', () => {
  const usage = watch();
  session.use(10);
  usage.close();
  expect(told).toMatchObject([{ usage: [{ inputTokens: 10 }] }]);
  session.use(20);
  expect(told).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
  expect(session.listenerCount(voice.AgentSessionEventTypes.SessionUsageUpdated)).toBe(0);
});

test('a call that used nothing says nothing', () => {
  watch().close();
  expect(told).toEqual([]);
});

test('a report that is not taken is logged', async () => {
  report = () => Promise.reject(new Error('gone'));
  const usage = watch();
  session.use(10);
  usage.close();
  await log.until('could not be reported');
});
