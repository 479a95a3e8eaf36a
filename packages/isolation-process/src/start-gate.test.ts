import { expect, test } from 'vitest';

import { StartGate } from './start-gate.js';

test('a limited number may start at a time, the next one when one of them is done', async () => {
  const gate = new StartGate(2);
  const started: string[] = [];
  const start = (name: string, urgent = false) =>
    gate.enter(() => urgent).then(() => void started.push(name));
  const first = [start('a'), start('b')];
  const later = [start('c'), start('d')];
  await Promise.all(first);
  expect(started).toEqual(['a', 'b']);
  gate.leave();
  await later[0];
  expect(started).toEqual(['a', 'b', 'c']);
  gate.leave();
  await later[1];
  expect(started).toEqual(['a', 'b', 'c', 'd']);
});

test('a process that a call waits for starts before idle ones', async () => {
  const gate = new StartGate(1);
  const started: string[] = [];
  let called = false;
  await gate.enter(() => false);
  const idle = gate.enter(() => false).then(() => void started.push('idle'));
  const needed = gate.enter(() => called).then(() => void started.push('needed'));
  called = true;
  gate.leave();
  await needed;
  gate.leave();
  await idle;
  expect(started).toEqual(['needed', 'idle']);
});
