import { describe, expect, test } from 'vitest';

import { ProcessMemory } from './process-memory.js';

const MIB = 1_048_576;

interface Facts {
  readonly pid: number | undefined;
  readonly state: 'starting' | 'ready' | 'closing' | 'gone';
  readonly jobIds: ReadonlySet<string>;
}
const child = (state: Facts['state'], pid?: number, ...jobIds: string[]): Facts => ({
  state,
  pid,
  jobIds: new Set(jobIds),
});

/** What fits with these processes, whose memory in MiB is their pid, while so much is free. */
function memoryOf(freeMb: number | undefined, ...children: Facts[]) {
  return new ProcessMemory(
    { freeMemoryBytes: () => (freeMb === undefined ? undefined : freeMb * MIB) },
    () => children as never,
    (pid) => pid * MIB,
  );
}

describe('one more process', () => {
  test.each<[string, ProcessMemory, boolean]>([
    ['no limit', memoryOf(undefined), true],
    ['a strategy host that does not know', new ProcessMemory({}, () => []), true],
    ['room for one', memoryOf(70), true],
    ['almost room for one', memoryOf(69), false],
    ['nothing is free', memoryOf(0), false],
    ['another one is starting', memoryOf(139, child('starting')), false],
    ['room beside the one that is starting', memoryOf(140, child('starting')), true],
    ['those that are ready have their memory already', memoryOf(70, child('ready', 75)), true],
  ])('%s', (_name, memory, fits) => {
    expect(memory.refusal() === undefined).toBe(fits);
  });

  test('is refused with the numbers', () => {
    expect(memoryOf(12).refusal()).toEqual({
      refused: 'busy',
      message:
        'a process for the call does not fit into the memory: it takes about 70 MiB, and 12 are free',
    });
  });

  test('takes what the processes that are ready take', () => {
    const memory = memoryOf(100, child('ready', 110));
    expect(memory.refusal()).toBeUndefined();
    memory.idleBytes();
    expect(memory.refusal()).toMatchObject({ refused: 'busy' });
  });
});

test('only processes that are ready and have no call are idle', () => {
  const memory = memoryOf(
    100,
    child('ready', 80),
    child('ready', 90, 'a'),
    child('starting', 50),
    child('closing', 85),
    child('ready', undefined),
  );
  expect(memory.idleBytes()).toBe(80 * MIB);
});
