import type { JobContext } from '@livekit/agents';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { type CurrentCall, runInCall } from '../sdk/current-call.js';
import { SessionEnd } from '../call/session-end.js';
import { interceptExit } from './intercept-exit.js';

const exited = vi.fn<(code?: number | string | null) => never>();
// Only compared, never called: the tests check which function is installed.
const current = () => Reflect.get(process, 'exit') as typeof exited;
let original: typeof exited;

beforeEach(() => {
  original = current();
  process.exit = exited;
  exited.mockClear();
});

afterEach(() => {
  process.exit = original;
});

function fakeCall(): CurrentCall {
  return {
    jobId: 'AJ_1',
    agent: 'sales',
    tenant: 'default',
    room: 'lobby',
    ctx: {} as JobContext,
    end: new SessionEnd(),
    logger: new LogBook(),
  };
}

test.each(['exit', 'reallyExit'] as const)('process.%s() in a call ends the call', (name) => {
  const restore = interceptExit(new LogBook());
  const call = fakeCall();
  const exit = Reflect.get(process, name) as (code: number) => void;
  expect(() => runInCall(call, () => exit(7))).toThrow(`process.${name}(7)`);
  expect(call.end.outcome).toMatchObject({ status: 'failed', error: { code: 'SESSION_EXIT' } });
  expect(exited).not.toHaveBeenCalled();
  restore();
});

test('an imported exit() is intercepted too', async () => {
  const restore = interceptExit(new LogBook());
  const imported = await import('node:process');
  expect(() => runInCall(fakeCall(), () => imported.exit(7))).toThrow('process.exit(7)');
  restore();
});

test('outside of calls, and after the run, it exits', () => {
  const restore = interceptExit(new LogBook());
  process.exit(3);
  restore();
  expect(current()).toBe(exited);
  runInCall(fakeCall(), () => process.exit(4));
  expect(exited.mock.calls).toEqual([[3], [4]]);
});

test('two pools may end in any order', () => {
  const first = interceptExit(new LogBook());
  const second = interceptExit(new LogBook());
  first();
  const call = fakeCall();
  expect(() => runInCall(call, () => process.exit(7))).toThrow('process.exit(7)');
  second();
  runInCall(fakeCall(), () => process.exit(5));
  expect(exited.mock.calls).toEqual([[5]]);
});
