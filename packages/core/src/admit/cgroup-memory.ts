import { readFileSync } from 'node:fs';

import type { MemoryState } from './memory-state.js';

/** Reads a file as text, or throws. */
export type ReadText = (path: string) => string;

/** A limit of memory, and how much of it is used. */
export interface MemoryReading {
  /** The limit in bytes. */
  readonly limitBytes: number;
  /** The use in bytes that counts against this limit. */
  readonly usedBytes: number;
  /** What sets the limit: the control group of the process, the option `maxMemoryMb`, or something else of the system. */
  readonly source: MemoryState['source'];
}

type Files = Readonly<Record<string, string>>;

/** One version of control groups: where its files are, and what is in them. */
interface Version {
  readonly limits: readonly string[];
  readonly used: string;
  /** Fields of `memory.stat`: page cache, and the part of it that is mapped. */
  readonly cache: readonly string[];
  readonly mapped: string;
}

const V2: Version = {
  // Above `memory.high` the kernel does not kill, but the processes nearly stop while it looks for memory.
  limits: ['memory.max', 'memory.high'],
  used: 'memory.current',
  cache: ['inactive_file', 'active_file'],
  mapped: 'file_mapped',
};

const V1: Version = {
  limits: ['memory.limit_in_bytes'],
  used: 'memory.usage_in_bytes',
  cache: ['total_inactive_file', 'total_active_file'],
  mapped: 'total_mapped_file',
};

/**
 * The control groups (cgroups, version 1 or 2) whose memory limits apply to this process: its own and those above it.
 * The limits are read each time, because they can be changed while the process runs.
 */
export class CgroupMemory {
  readonly #read: ReadText;
  readonly #version: Version | undefined;
  readonly #folders: readonly string[];

  constructor(read: ReadText = (path) => readFileSync(path, 'utf8')) {
    this.#read = read;
    const groups = textOf(read, '/proc/self/cgroup') ?? '';
    const mounts = textOf(read, '/proc/self/mountinfo') ?? '';
    // Systems may mount both; memory is in one of them.
    const v1 = foldersOf(v1Path(groups), mountsOf(mounts, 'cgroup', 'memory'));
    this.#version = v1.length > 0 ? V1 : V2;
    this.#folders = v1.length > 0 ? v1 : foldersOf(v2Path(groups), mountsOf(mounts, 'cgroup2'));
  }

  /** The limit with the least memory left. Undefined without a limit, and where there are no control groups. */
  read(): MemoryReading | undefined {
    let least: MemoryReading | undefined;
    for (const folder of this.#folders) {
      const reading = this.#readingOf(folder);
      if (reading !== undefined && (least === undefined || roomOf(reading) < roomOf(least)))
        least = reading;
    }
    return least;
  }

  #readingOf(folder: string): MemoryReading | undefined {
    const version = this.#version;
    if (version === undefined) return undefined;
    const file = (name: string) => textOf(this.#read, `${folder}/${name}`);
    const limits = version.limits
      .map((name) => limitOf(file(name)))
      .filter((limit) => limit !== undefined);
    if (limits.length === 0) return undefined;
    const used = Number(file(version.used) ?? Number.NaN);
    if (!Number.isFinite(used)) return undefined;
    const stat = fieldsOf(file('memory.stat') ?? '');
    return {
      limitBytes: Math.min(...limits),
      usedBytes: Math.max(0, used - reclaimable(stat, version)),
      source: 'cgroup',
    };
  }
}

/** What a limit leaves, in bytes. */
export function roomOf({ limitBytes, usedBytes }: MemoryReading): number {
  return limitBytes - usedBytes;
}

/**
 * Cached files, which the kernel drops before it kills anything. Those that are mapped are code and models in use: without
 * them the process would only wait for the disk.
 */
function reclaimable(stat: Files, { cache, mapped }: Version): number {
  const cached = cache.reduce((sum, name) => sum + Number(stat[name] ?? 0), 0);
  return Math.max(0, cached - Number(stat[mapped] ?? 0));
}

// Version 1 has no word for "no limit". It is the largest number of whole pages, which no machine has.
const NO_LIMIT = 2 ** 53;

function limitOf(text: string | undefined): number | undefined {
  const bytes = Number(text?.trim() || Number.NaN);
  return bytes > 0 && bytes < NO_LIMIT ? bytes : undefined;
}

/** The lines `name value` of a file. */
function fieldsOf(text: string): Files {
  return Object.fromEntries(text.split('\n').map((line) => line.split(' ') as [string, string]));
}

/** The group of this process, from lines such as `4:memory:/docker/2f…`; the path may contain colons. */
function v1Path(groups: string): string | undefined {
  return /^\d+:(?:[^:\n]*,)?memory(?:,[^:\n]*)?:(.*)$/m.exec(groups)?.[1];
}

function v2Path(groups: string): string | undefined {
  return /^0::(.*)$/m.exec(groups)?.[1];
}

interface Mount {
  /** The group that is mounted there. */
  readonly root: string;
  readonly at: string;
}

/** The mounts of one kind, from lines such as `35 31 0:32 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory`. */
function mountsOf(mountinfo: string, type: string, controller?: string): readonly Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, at] = before.split(' ');
    const [mounted, , options = ''] = after.split(' ');
    const wanted =
      mounted === type && (controller === undefined || options.split(',').includes(controller));
    return wanted && root !== undefined && at !== undefined ? [{ root, at }] : [];
  });
}

/** The folders of a group and of the groups above it, as far as they are mounted. */
function foldersOf(path: string | undefined, [mount]: readonly Mount[]): readonly string[] {
  if (path === undefined || mount === undefined) return [];
  const root = mount.root === '/' ? '' : mount.root;
  // In a container the path may be that of the host, of which only the container's own group is mounted.
  const inside = path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : '';
  const names = inside.split('/').filter((name) => name !== '' && name !== '..');
  return names
    .map((_, index) => [mount.at, ...names.slice(0, index + 1)].join('/'))
    .concat(mount.at);
}

function textOf(read: ReadText, path: string): string | undefined {
  try {
    return read(path);
  } catch {
    // Not Linux, the other version of control groups, or a group without a limit of its own.
    return undefined;
  }
}
