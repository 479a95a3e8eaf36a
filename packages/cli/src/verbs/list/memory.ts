import { readFileSync } from 'node:fs';

/** What this process holds. PSS, its fair share of what it has in common with others, is Linux only. */
export function memoryOfProcess(): { rssBytes: number; pssBytes: number | null } {
  return { rssBytes: process.memoryUsage.rss(), pssBytes: pss() };
}

function pss(): number | null {
  try {
    const [, kib] =
      /^Pss:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8')) ?? [];
    return kib === undefined ? null : Number(kib) * 1_024;
  } catch {
    // Another system, or one that forbids it: there is no figure, and the list says so.
    return null;
  }
}
