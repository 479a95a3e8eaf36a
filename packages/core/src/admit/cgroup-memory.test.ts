import { expect, test } from 'vitest';

import { CgroupMemory } from './cgroup-memory.js';

const MIB = 1_048_576;

/** Reads from these files; any other one does not exist. */
const files = (contents: Readonly<Record<string, string>>) => (path: string) => {
  const text = contents[path];
  if (text === undefined) throw new Error(`ENOENT: ${path}`);
  return text;
};

/** The lines of a `/proc/self/mountinfo` for control groups, as Linux writes them. */
const mounts = {
  v2: '31 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n',
  v1: '34 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n',
  // Docker without a namespace of control groups: the container sees the path of the host, and only its own group.
  docker: '35 31 0:32 /docker/4f2a /sys/fs/cgroup/memory ro master:13 - cgroup cgroup rw,memory\n',
  // systemd in its "hybrid" mode mounts the second version as well, without memory.
  hybrid:
    '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n',
};

const v2 = (folder: string, max: string, current: number, stat = '', high = 'max') => ({
  [`${folder}/memory.max`]: `${max}\n`,
  [`${folder}/memory.high`]: `${high}\n`,
  [`${folder}/memory.current`]: `${current}\n`,
  [`${folder}/memory.stat`]: stat,
});
const v1 = (folder: string, limit: string, usage: number, stat = '') => ({
  [`${folder}/memory.limit_in_bytes`]: `${limit}\n`,
  [`${folder}/memory.usage_in_bytes`]: `${usage}\n`,
  [`${folder}/memory.stat`]: stat,
});
const of = (limitMb: number, usedMb: number) => ({
  limitBytes: limitMb * MIB,
  usedBytes: usedMb * MIB,
  source: 'cgroup' as const,
});
const mib = (mb: number) => String(mb * MIB);

test.each<[string, Record<string, string>, ReturnType<typeof of> | undefined]>([
  ['a system without control groups', {}, undefined],
  [
    'version 2: the root of a container',
    {
      '/proc/self/cgroup': '0::/\n',
      '/proc/self/mountinfo': mounts.v2,
      ...v2('/sys/fs/cgroup', mib(256), 100 * MIB),
    },
    of(256, 100),
  ],
  [
    'version 2: no limit',
    {
      '/proc/self/cgroup': '0::/system.slice/worker.service\n',
      '/proc/self/mountinfo': mounts.v2,
      ...v2('/sys/fs/cgroup/system.slice/worker.service', 'max', 100 * MIB),
      ...v2('/sys/fs/cgroup/system.slice', 'max', 900 * MIB),
    },
    undefined,
  ],
  [
    'version 2: a group above has less left than the own one',
    {
      '/proc/self/cgroup': '0::/workers.slice/one.service\n',
      '/proc/self/mountinfo': mounts.v2,
      ...v2('/sys/fs/cgroup/workers.slice/one.service', mib(512), 100 * MIB),
      ...v2('/sys/fs/cgroup/workers.slice', mib(1_024), 900 * MIB),
    },
    of(1_024, 900),
  ],
  [
    'version 2: the own group has less left than the one above',
    {
      '/proc/self/cgroup': '0::/workers.slice/one.service\n',
      '/proc/self/mountinfo': mounts.v2,
      ...v2('/sys/fs/cgroup/workers.slice/one.service', mib(128), 100 * MIB),
      ...v2('/sys/fs/cgroup/workers.slice', mib(1_024), 900 * MIB),
    },
    of(128, 100),
  ],
  [
    'version 2: memory.high is below memory.max',
    {
      '/proc/self/cgroup': '0::/\n',
      '/proc/self/mountinfo': mounts.v2,
      ...v2('/sys/fs/cgroup', mib(512), 100 * MIB, '', mib(400)),
    },
    of(400, 100),
  ],
  [
    'version 2: cached files that nobody maps can be dropped, mapped ones are code in use',
    {
      '/proc/self/cgroup': '0::/\n',
      '/proc/self/mountinfo': mounts.v2,
      ...v2(
        '/sys/fs/cgroup',
        mib(256),
        200 * MIB,
        `anon ${mib(90)}\nfile ${mib(110)}\nfile_mapped ${mib(40)}\ninactive_file ${mib(80)}\nactive_file ${mib(30)}\n`,
      ),
    },
    of(256, 130),
  ],
  [
    'version 2: only memory.max can be read of the limits',
    {
      '/proc/self/cgroup': '0::/\n',
      '/proc/self/mountinfo': mounts.v2,
      '/sys/fs/cgroup/memory.max': mib(256),
      '/sys/fs/cgroup/memory.current': mib(100),
    },
    of(256, 100),
  ],
  [
    'version 2: the use cannot be read',
    {
      '/proc/self/cgroup': '0::/\n',
      '/proc/self/mountinfo': mounts.v2,
      '/sys/fs/cgroup/memory.max': mib(256),
    },
    undefined,
  ],
  [
    'version 1: a group, among others',
    {
      '/proc/self/cgroup': '5:devices:/\n4:memory:/jobs/a\n3:cpuset:/jobs\n0::/\n',
      '/proc/self/mountinfo': mounts.v1,
      ...v1('/sys/fs/cgroup/memory/jobs/a', mib(256), 120 * MIB),
    },
    of(256, 120),
  ],
  [
    'version 1: memory shares its hierarchy with another controller',
    {
      '/proc/self/cgroup': '4:cpu,memory,pids:/a:b\n',
      '/proc/self/mountinfo': '35 31 0:32 / /cg rw - cgroup cgroup rw,cpu,memory,pids\n',
      ...v1('/cg/a:b', mib(256), 120 * MIB),
    },
    of(256, 120),
  ],
  [
    'version 1: no limit is the largest number of pages',
    {
      '/proc/self/cgroup': '4:memory:/jobs/a\n',
      '/proc/self/mountinfo': mounts.v1,
      ...v1('/sys/fs/cgroup/memory/jobs/a', '9223372036854771712', 120 * MIB),
      ...v1('/sys/fs/cgroup/memory', '9223372036854771712', 900 * MIB),
    },
    undefined,
  ],
  [
    'version 1: a limit above the own group',
    {
      '/proc/self/cgroup': '4:memory:/jobs/a\n',
      '/proc/self/mountinfo': mounts.v1,
      ...v1('/sys/fs/cgroup/memory/jobs/a', '9223372036854771712', 120 * MIB),
      ...v1('/sys/fs/cgroup/memory/jobs', mib(300), 250 * MIB),
    },
    of(300, 250),
  ],
  [
    'version 1: cached files',
    {
      '/proc/self/cgroup': '4:memory:/a\n',
      '/proc/self/mountinfo': mounts.v1,
      ...v1(
        '/sys/fs/cgroup/memory/a',
        mib(256),
        200 * MIB,
        `mapped_file 0\ntotal_mapped_file ${mib(10)}\ntotal_inactive_file ${mib(30)}\ntotal_active_file ${mib(20)}\n`,
      ),
    },
    of(256, 160),
  ],
  [
    'version 1 in a container that sees the path of the host',
    {
      '/proc/self/cgroup': '4:memory:/docker/4f2a\n',
      '/proc/self/mountinfo': mounts.docker,
      ...v1('/sys/fs/cgroup/memory', mib(256), 120 * MIB),
    },
    of(256, 120),
  ],
  [
    'version 1 in a group inside of such a container',
    {
      '/proc/self/cgroup': '4:memory:/docker/4f2a/worker\n',
      '/proc/self/mountinfo': mounts.docker,
      ...v1('/sys/fs/cgroup/memory/worker', mib(128), 100 * MIB),
      ...v1('/sys/fs/cgroup/memory', mib(256), 120 * MIB),
    },
    of(128, 100),
  ],
  [
    'version 2 in a container whose group is not below what is mounted',
    {
      '/proc/self/cgroup': '0::/../other\n',
      '/proc/self/mountinfo': '31 23 0:26 /pods/p1 /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n',
      ...v2('/sys/fs/cgroup', mib(256), 100 * MIB),
    },
    of(256, 100),
  ],
  [
    'both versions: memory is in the first',
    {
      '/proc/self/cgroup': '4:memory:/a\n0::/a\n',
      '/proc/self/mountinfo': mounts.hybrid,
      ...v1('/sys/fs/cgroup/memory/a', mib(256), 120 * MIB),
    },
    of(256, 120),
  ],
])('%s', (_name, contents, expected) => {
  expect(new CgroupMemory(files(contents)).read()).toEqual(expected);
});

test('a limit that is changed counts from then on', () => {
  const contents: Record<string, string> = {
    '/proc/self/cgroup': '0::/\n',
    '/proc/self/mountinfo': mounts.v2,
    ...v2('/sys/fs/cgroup', 'max', 100 * MIB),
  };
  const memory = new CgroupMemory(files(contents));
  expect(memory.read()).toBeUndefined();
  contents['/sys/fs/cgroup/memory.max'] = mib(256);
  expect(memory.read()).toEqual(of(256, 100));
});
