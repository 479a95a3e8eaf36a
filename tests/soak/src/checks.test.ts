import { describe, expect, it } from 'vitest';

import { type Observed, checkPromises } from './checks.js';
import type { Reading } from './reading.js';

const reading: Reading = {
  activeSessions: 0,
  sessionsStarted: 0,
  sessionFailures: 0,
  pssMb: 400,
  pssAnonMb: 350,
  heapMb: 40,
  externalMb: 3,
  ffiListeners: 0,
  processListeners: { SIGTERM: 1 },
  resources: { Timeout: 2, TCPSocketWrap: 1 },
  files: { socket: 4, pipe: 6 },
  threads: 20,
  children: [{ pid: 7, state: 'S' }],
  sessionFolders: 0,
  objects: { Room: 0 },
};

function observed(change: {
  all?: Partial<Reading>;
  quiet?: Partial<Reading>;
  rest?: Partial<Observed>;
}): Observed {
  return {
    readings: {
      before: reading,
      half: reading,
      all: { ...reading, ...change.all },
      quiet: { ...reading, ...change.quiet },
    },
    growth: [],
    idleCpuPercent: { before: 0.5, after: 0.5 },
    ends: [{ jobId: 'AJ_1', status: 'JS_SUCCESS', error: '' }],
    broken: [],
    calls: 1,
    exit: 'code 0',
    left: [],
    ...change.rest,
  };
}

const brokenOf = (run: Observed) =>
  checkPromises(run)
    .filter(({ kept }) => !kept)
    .map(({ promise, found }) => `${promise}: ${found}`);

describe('checkPromises', () => {
  it('is content with a worker that holds what it held', () => {
    expect(brokenOf(observed({}))).toEqual([]);
  });

  it('allows five files, a tenth of memory and the objects of four calls', () => {
    const quiet = { files: { socket: 9, pipe: 6 }, objects: { Room: 4 } };
    expect(brokenOf(observed({ quiet, all: { pssMb: 440 } }))).toEqual([]);
  });

  it.each([
    [{ ffiListeners: 1 }, 'ffi_event 0 → 1'],
    [{ processListeners: { SIGTERM: 1, exit: 3 } }, 'exit 0 → 3'],
    [{ resources: { Timeout: 5 } }, 'Timeout 2 → 5'],
    [{ files: { socket: 10, pipe: 6 } }, 'socket 4 → 10'],
    [{ objects: { Room: 5 } }, 'Room 0 → 5'],
    [{ sessionFolders: 2 }, '2 left'],
    [{ children: [{ pid: 7, state: 'Z' }] }, 'zombies: 1'],
    [{ children: [1, 2, 3, 4, 5].map((pid) => ({ pid, state: 'S' })) }, '1 → 1 → 1 → 5'],
  ] satisfies [Partial<Reading>, string][])('names what is left: %o', (quiet, found) => {
    expect(brokenOf(observed({ quiet }))).toEqual([expect.stringContaining(found)]);
  });

  it('names growing memory', () => {
    expect(brokenOf(observed({ all: { pssMb: 441 } }))).toEqual([
      expect.stringContaining('400.0 MB, then 441.0 MB: 1.103 times'),
    ]);
  });

  it('names a worker that does not exit', () => {
    expect(brokenOf(observed({ rest: { exit: 'SIGKILL' } }))).toEqual([
      expect.stringContaining('SIGKILL'),
    ]);
  });

  it('names calls without a good end', () => {
    const ends = [{ jobId: 'AJ_1', status: 'JS_FAILED', error: 'why' }];
    const broken = [{ room: 'order-1', error: 'no greeting' }];
    expect(brokenOf(observed({ rest: { ends, broken } }))).toEqual([
      expect.stringContaining('order-1: no greeting'),
      expect.stringContaining('0 of 1; AJ_1 JS_FAILED why'),
    ]);
  });
});
