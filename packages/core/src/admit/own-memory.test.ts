import { expect, test } from 'vitest';

import { ownMemory, privateMemory } from './own-memory.js';

const MIB = 1_048_576;

const files = (contents: Readonly<Record<string, string>>) => (path: string) => {
  const text = contents[path];
  if (text === undefined) throw new Error(`ENOENT: ${path}`);
  return text;
};
const status = (anonMb: number, shmemMb = 0) =>
  `Name:\tnode\nVmRSS:\t  99999 kB\nRssAnon:\t   ${anonMb * 1_024} kB\nRssFile:\t   81920 kB\nRssShmem:\t   ${shmemMb * 1_024} kB\n`;

test('a worker with processes: its own memory, and what each descendant does not share', () => {
  const read = files({
    '/proc/10/status': status(50),
    '/proc/10/task/10/children': '11 12 ',
    '/proc/11/status': status(60, 1),
    '/proc/11/task/11/children': '13 ',
    '/proc/12/status': status(40),
    '/proc/12/task/12/children': '',
    // A descendant that has just ended.
  });
  expect(ownMemory(read, () => 130 * MIB, 10)).toEqual({
    residentBytes: (130 + 61 + 40) * MIB,
    privateBytes: (50 + 61 + 40) * MIB,
  });
});

test('a system that reports neither: the resident memory of the process', () => {
  expect(ownMemory(files({}), () => 130 * MIB, 10)).toEqual({
    residentBytes: 130 * MIB,
    privateBytes: 130 * MIB,
  });
});

test('this process', () => {
  const { residentBytes, privateBytes } = ownMemory();
  expect(residentBytes).toBeGreaterThan(10 * MIB);
  expect(privateBytes).toBeGreaterThan(5 * MIB);
  expect(privateBytes).toBeLessThanOrEqual(residentBytes);
});

test('a process that does not exist has none', () => {
  expect(privateMemory(10, files({}))).toBe(0);
});
