import { expect, test } from 'vitest';

import type { Companion, WorkerContext } from './companion.js';
import { openCompanions } from './companions.js';

const worker = {} as WorkerContext;

function companion(name: string, log: string[]): Companion {
  return {
    async open() {
      log.push(`open ${name}`);
      return {
        async [Symbol.asyncDispose]() {
          log.push(`close ${name}`);
        },
      };
    },
  };
}

test('companions are opened in order and closed in reverse order', async () => {
  const log: string[] = [];
  const notAsked: Companion = { open: async () => undefined };
  const open = await openCompanions(worker, [companion('a', log), notAsked, companion('b', log)]);
  await open[Symbol.asyncDispose]();
  expect(log).toEqual(['open a', 'open b', 'close b', 'close a']);
});

test('when one cannot be opened, those opened before it are closed', async () => {
  const log: string[] = [];
  const broken: Companion = {
    async open() {
      throw new Error('port taken');
    },
  };
  const opening = openCompanions(worker, [companion('a', log), broken, companion('b', log)]);
  await expect(opening).rejects.toThrow('port taken');
  expect(log).toEqual(['open a', 'close a']);
});
