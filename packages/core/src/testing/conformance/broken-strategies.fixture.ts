import { afterAll, beforeAll, expect, vi } from 'vitest';

import type {
  Isolation,
  IsolationHost,
  IsolationStrategy,
} from '../../launch/isolation-strategy.js';
import { isolationCases } from './isolation-suite.js';

export type Run = (host: IsolationHost, ...args: Parameters<Isolation['run']>) => Promise<void>;

/** A strategy that runs its calls so, and whose isolation has these members. */
export function strategy(run: Run, isolation: Partial<Isolation> = {}): IsolationStrategy {
  return {
    name: 'broken',
    async open(host, opening) {
      await host.prewarm(opening);
      return {
        run: (ticket, signal) => run(host, ticket, signal),
        async [Symbol.asyncDispose]() {},
        ...isolation,
      };
    },
  };
}

/** As it should be. */
export const honest: Run = (host, ticket, signal) => host.runSession(ticket, signal);

const QUICK = /^(?!.*(max_duration|empty_room|drain_timeout|its deadline))/;

interface Choice {
  readonly capacity?: number;
  readonly patienceMs?: number;
  /** Leaves other cases out. Default: those that have to wait whatever the strategy does. */
  readonly only?: RegExp;
}

/** The names of the cases a strategy fails. */
export async function failures(
  createStrategy: () => IsolationStrategy,
  { only = QUICK, ...choice }: Choice = {},
): Promise<readonly string[]> {
  const failed: string[] = [];
  const cases = isolationCases({ createStrategy, ...choice });
  for (const { name, run } of cases.filter((candidate) => only.test(candidate.name))) {
    await run().catch(() => failed.push(name));
  }
  return failed;
}

/** Names that have these words. */
export const failing = (...words: readonly string[]) =>
  words.map((word) => expect.stringContaining(word) as string);

/** Expects errors of calls that a broken strategy has left behind. Call it once in a file. */
export function expectLateErrors(): void {
  vi.setConfig({ testTimeout: 120_000 });
  const onLate = () => {};
  beforeAll(() => void process.on('unhandledRejection', onLate));
  afterAll(() => void process.off('unhandledRejection', onLate));
}
