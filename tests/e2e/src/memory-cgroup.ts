import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const MIB = 1_048_576;

/** One version of control groups: where they are, and the names of their files. */
interface Version {
  readonly root: string;
  readonly limit: string;
  /** Keeps the group from swapping, which would only delay the end. */
  readonly swap: { readonly file: string; readonly value: (limitBytes: number) => number };
  /** The file with a line `oom_kill <number>`. */
  readonly kills: string;
}

const V1: Version = {
  root: '/sys/fs/cgroup/memory',
  limit: 'memory.limit_in_bytes',
  swap: { file: 'memory.memsw.limit_in_bytes', value: (limitBytes) => limitBytes },
  kills: 'memory.oom_control',
};
const V2: Version = {
  root: '/sys/fs/cgroup',
  limit: 'memory.max',
  swap: { file: 'memory.swap.max', value: () => 0 },
  kills: 'memory.events',
};

let groups = 0;

/** A control group with a memory limit, for one process and its descendants. */
export class MemoryCgroup {
  /** A process that writes its id to this file is in the group. */
  readonly procs: string;
  readonly #folder: string;
  readonly #version: Version;

  private constructor(version: Version, limitMb: number) {
    groups += 1;
    this.#version = version;
    this.#folder = `${version.root}/openrtc-e2e-${process.pid}-${groups}`;
    this.procs = `${this.#folder}/cgroup.procs`;
    mkdirSync(this.#folder);
    const limitBytes = limitMb * MIB;
    try {
      writeFileSync(`${this.#folder}/${version.limit}`, String(limitBytes));
      const { file, value } = version.swap;
      if (existsSync(`${this.#folder}/${file}`))
        writeFileSync(`${this.#folder}/${file}`, String(value(limitBytes)));
    } catch (error) {
      rmdirSync(this.#folder);
      throw error;
    }
  }

  /** Creates a group. Throws where that is not possible. */
  static create(limitMb: number): MemoryCgroup {
    return new MemoryCgroup(existsSync(`${V1.root}/${V1.limit}`) ? V1 : V2, limitMb);
  }

  /** How many processes of the group the kernel has killed. */
  get kills(): number {
    const text = readFileSync(`${this.#folder}/${this.#version.kills}`, 'utf8');
    const count = /^oom_kill (\d+)$/m.exec(text)?.[1];
    if (count === undefined) throw new Error(`${this.#version.kills} has no count: ${text}`);
    return Number(count);
  }

  /** Removes the group, once its processes have ended. */
  async close(): Promise<void> {
    while (readFileSync(this.procs, 'utf8').trim() !== '') await sleep(50);
    rmdirSync(this.#folder);
  }
}

/** Why no group can be created here; undefined if one can. */
export async function noMemoryCgroup(): Promise<string | undefined> {
  try {
    await MemoryCgroup.create(256).close();
    return undefined;
  } catch (error) {
    return `no control group with a memory limit can be created here: ${String(error)}`;
  }
}
