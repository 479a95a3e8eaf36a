import { expect, test } from 'vitest';

import { exists, ProcessRig } from './process-rig.fixture.js';

const of = (tenant: string) => ({ metadata: { tenant } });

test('calls of one tenant share a process, and none with another tenant', async () => {
  await using rig = await ProcessRig.open({ sessionsPerProcess: 3, groupBy: 'tenant' });
  const [a1, b1, a2, b2, a3, a4] = [
    await rig.call(of('a')),
    await rig.call(of('b')),
    await rig.call(of('a')),
    await rig.call(of('b')),
    await rig.call(of('a')),
    await rig.call(of('a')),
  ];
  expect(new Set([a1.pid, a2.pid, a3.pid]).size).toBe(1);
  expect(new Set([b1.pid, b2.pid]).size).toBe(1);
  expect(new Set([a1.pid, b1.pid, a4.pid]).size).toBe(3);
  // A process of one tenant never serves another.
  for (const call of [a1, a2, a3, a4]) call.hangUp();
  for (const call of [a1, a2, a3, a4]) await rig.ended(call.jobId);
  const c = await rig.call(of('c'));
  expect([a1.pid, a4.pid, b1.pid]).not.toContain(c.pid);
  expect((await rig.call(of('a'))).pid).toBeOneOf([a1.pid, a4.pid]);
});

test('a function chooses the group; if it throws, the call is refused', async () => {
  await using rig = await ProcessRig.open({
    sessionsPerProcess: 5,
    groupBy: ({ room }) => {
      if (room.startsWith('bad')) throw new Error('no group for that');
      return room.slice(0, 3);
    },
  });
  const room = (name: string) => ({ room: name });
  const [first, second, third] = [
    await rig.call(room('abc-1')),
    await rig.call(room('abd-1')),
    await rig.call(room('abc-2')),
  ];
  expect(third.pid).toBe(first.pid);
  expect(second.pid).not.toBe(first.pid);
  await expect(rig.livekit.call(room('bad-1'))).rejects.toThrow('refused');
});

test('ten calls share two processes; one that dies ends only its five', async () => {
  await using rig = await ProcessRig.open({ sessionsPerProcess: 5 }, { maxConcurrentSessions: 10 });
  await rig.until(async () => (await rig.processes()).length > 0);
  const calls = await Promise.all(Array.from({ length: 10 }, () => rig.call()));
  const pids = [...new Set(calls.map(({ pid }) => pid))];
  expect(pids).toHaveLength(2);
  const [dead = 0] = pids;
  expect(calls.filter(({ pid }) => pid === dead)).toHaveLength(5);
  expect(dead).not.toBe(0);
  process.kill(dead, 'SIGKILL');
  for (const call of calls) {
    if (call.pid === dead) expect((await call.ended).error).toContain('ISOLATION_LOST');
    else expect(await call.say('hello')).toBe('heard hello');
  }
  expect(rig.pool.runtimeSnapshot()).toMatchObject({ activeSessions: 5, totalSessionFailures: 5 });
  expect(exists(dead)).toBe(false);
});
