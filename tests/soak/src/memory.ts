import { readFile } from 'node:fs/promises';

/** Memory of a process, in MiB. */
export interface Memory {
  /** Proportional set size: the memory that is this process's. */
  readonly pssMb: number;
  /** The part of it that is no file: other processes that map the same libraries do not change it. */
  readonly pssAnonMb: number;
}

/** Reads the memory of a process without disturbing it. */
export async function memoryOf(pid: number | 'self'): Promise<Memory> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return { pssMb: megabytes(text, 'Pss'), pssAnonMb: megabytes(text, 'Pss_Anon') };
}

function megabytes(text: string, field: string): number {
  const [, value] = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text) ?? [];
  if (value === undefined) throw new Error(`smaps_rollup has no ${field}.`);
  return Number(value) / 1024;
}
