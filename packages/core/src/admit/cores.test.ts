import { expect, test } from 'vitest';

import { usableCores } from './cores.js';

const files = (contents: Record<string, string>) => (path: string) => {
  const text = contents[path];
  if (text === undefined) throw new Error('ENOENT');
  return text;
};

test.each([
  ['no limit', {}, 8],
  ['an explicit "max"', { '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, 8],
  ['two and a half cores', { '/sys/fs/cgroup/cpu.max': '250000 100000\n' }, 2.5],
  ['more than there are', { '/sys/fs/cgroup/cpu.max': '6400000 100000\n' }, 8],
  [
    'the older files',
    {
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '150000\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    },
    1.5,
  ],
  [
    'the older files without a limit',
    {
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    },
    8,
  ],
])('a container with %s', (_what, contents, cores) => {
  expect(usableCores(8, files(contents as Record<string, string>))).toBe(cores);
});

test('this machine has at least a part of a core', () => {
  expect(usableCores()).toBeGreaterThan(0);
});
