import { expect, test } from 'vitest';

import { exists, ProcessRig } from './process-rig.fixture.js';

const MIB = 1024 * 1024;

/** Runs two calls in two processes, breaks one process with `happen`, and checks that only its call is lost. */
async function accident(
  rig: ProcessRig,
  happen: (pid: number, say: (text: string) => void) => void,
) {
  const [neighbour, call] = [await rig.call(), await rig.call()];
  expect(call.pid).not.toBe(neighbour.pid);
  happen(call.pid, (text) => {
    // The process cannot answer any more.
    call.say(text).catch(() => undefined);
  });
  const outcome = await rig.ended(call.jobId);
  await rig.out(call);
  expect((await call.ended).status).toBe('failed');
  expect(await neighbour.say('hello')).toBe('heard hello');
  await rig.until(() => !exists(call.pid));
  expect((await rig.call()).pid).not.toBe(call.pid);
  expect(rig.pool.runtimeSnapshot()).toMatchObject({
    state: 'running',
    activeSessions: 2,
    totalSessionFailures: 1,
  });
  return { outcome, recorded: await call.ended };
}

test.each(['SIGKILL', 'SIGSEGV', 'SIGABRT'] as const)(
  'a process that ends by %s ends its own call and no other',
  async (signal) => {
    await using rig = await ProcessRig.open({ idleProcesses: 1 });
    const { outcome, recorded } = await accident(rig, (pid) => process.kill(pid, signal));
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'ISOLATION_LOST' } });
    expect(recorded.error).toMatch(new RegExp(`^ISOLATION_LOST: .* ended by ${signal}$`));
  },
);

test('a stopped process is detected and killed, and its call fails', async () => {
  await using rig = await ProcessRig.open({ idleProcesses: 1 });
  const { recorded } = await accident(rig, (pid) => process.kill(pid, 'SIGSTOP'));
  expect(recorded.error).toMatch(/^ISOLATION_STUCK: .*has not answered for \d+ s/);
});

test('a process in an endless loop is detected and killed, and its call fails', async () => {
  await using rig = await ProcessRig.open({ idleProcesses: 1 });
  const { recorded } = await accident(rig, (_pid, say) => say('spin'));
  expect(recorded.error).toMatch(/^ISOLATION_STUCK: /);
});

test.each([
  'grow heap',
  'grow buffers',
  'grow native',
  'spin-grow heap',
  'spin-grow buffers',
  'spin-grow native',
])('a process over its memory limit is killed: %s', async (order) => {
  await using rig = await ProcessRig.open({ idleProcesses: 1, memoryLimitMb: 300 });
  const { outcome, recorded } = await accident(rig, (_pid, say) => say(order));
  expect(outcome.error?.code).toBe('ISOLATION_MEMORY_LIMIT');
  expect(recorded.error).toContain('memory limit');
});

test('memory above memoryWarnMb gives one warning per call, and the call goes on', async () => {
  await using rig = await ProcessRig.open({ memoryLimitMb: 1_000, memoryWarnMb: 200 });
  const call = await rig.call();
  expect(rig.warnings).toEqual([]);
  // Twice, because the memory of a new process is not the same everywhere.
  await call.say('gradually buffers');
  await call.say('gradually buffers');
  await rig.until(() => rig.warnings.length > 0);
  expect(await call.say('hello')).toBe('heard hello');
  expect(rig.warnings).toEqual([
    {
      jobId: call.jobId,
      pid: call.pid,
      usedBytes: expect.toSatisfy((bytes: number) => bytes > 200 * MIB && bytes < 1_000 * MIB),
      warnBytes: 200 * MIB,
      limitBytes: 1_000 * MIB,
    },
  ]);
});

test('process.exit() in a call ends that call, and no other call of its process', async () => {
  await using rig = await ProcessRig.open({ sessionsPerProcess: 5 }, { maxConcurrentSessions: 5 });
  const [neighbour, call] = [await rig.call(), await rig.call()];
  expect(call.pid).toBe(neighbour.pid);
  call.say('exit').catch(() => undefined);
  expect(await rig.ended(call.jobId)).toMatchObject({ error: { code: 'SESSION_EXIT' } });
  expect(await neighbour.say('hello')).toBe('heard hello');
});

test('after an error that belongs to no call, its process takes no more calls, and the worker goes on', async () => {
  await using rig = await ProcessRig.open({ sessionsPerProcess: 5 });
  const call = await rig.call();
  expect(await call.say('nobody')).toBe('done');
  await rig.until(() => rig.log.some(({ message }) => message.includes('accepts no more calls')));
  const next = await rig.call();
  expect(next.pid).not.toBe(call.pid);
  expect(await call.say('hello')).toBe('heard hello');
  call.hangUp();
  expect(await rig.ended(call.jobId)).toMatchObject({ status: 'success' });
  await rig.until(() => !exists(call.pid));
  expect(rig.pool.runtimeSnapshot()).toMatchObject({ state: 'running', activeSessions: 1 });
});

test('an idle process that was stopped gets no call', async () => {
  await using rig = await ProcessRig.open({ idleProcesses: 1 });
  const waiting = await rig.waiting();
  process.kill(waiting, 'SIGSTOP');
  const call = await rig.call();
  expect(call.pid).not.toBe(waiting);
  await rig.until(() => !exists(waiting));
  expect(rig.pool.runtimeSnapshot()).toMatchObject({ totalSessionFailures: 0 });
});
