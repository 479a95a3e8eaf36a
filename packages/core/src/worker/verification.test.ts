import { setImmediate as nextTick } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { installFaultHandlers } from './process-handlers.js';
import { Verification, currentVerification } from './verification.js';

let log: LogBook;
let faults: unknown[];
let uninstall: () => void;

beforeEach(() => {
  log = new LogBook();
  faults = [];
  uninstall = installFaultHandlers({ tainted: (error) => void faults.push(error) }, log);
});

afterEach(() => {
  uninstall();
  expect(faults).toEqual([]);
});

const verify = <T>(work: () => T) => new Verification(7, log).run(async () => work());

test.each<[string, () => unknown, RegExp]>([
  [
    'process.exit()',
    () => process.exit(3),
    /process\.exit\(3\) was called while new code was loaded/,
  ],
  [
    'process.exit() that the code catches',
    () => {
      try {
        process.exit(3);
      } catch {
        return 'went on';
      }
    },
    /process\.exit\(3\) was called while new code was loaded/,
  ],
  [
    'process.exit() in a timer that the code waits for',
    () => new Promise(() => setTimeout(() => process.exit(3), 1)),
    /process\.exit\(3\)/,
  ],
  [
    'a rejection that nothing handles',
    () => void Promise.reject(new Error('no oven')),
    /verification\.test\.ts:\d+:\d+: unhandled rejection: no oven/,
  ],
  [
    'a rejection with a word',
    () => void Promise.reject('no oven'),
    /^unhandled rejection: no oven/,
  ],
  [
    'a throw in a timer that the code waits for',
    () =>
      new Promise(() =>
        setTimeout(() => {
          throw new Error('no oven');
        }, 1),
      ),
    /verification\.test\.ts:\d+:\d+: uncaught exception: no oven/,
  ],
])('%s has the new code refused', async (_what, work, message) => {
  await expect(verify(work)).rejects.toMatchObject({
    code: 'CONFIG_DISCOVERY',
    message: expect.stringMatching(message) as string,
  });
  // What the code does with that error is not a fault either.
  await nextTick();
});

test.each<[string, () => void, RegExp]>([
  ['process.exit()', () => process.exit(3), /process\.exit\(3\) was called by code of reload 7/],
  [
    'a throw',
    () => {
      throw new Error('no oven');
    },
    /code of reload 7 failed later, .*verification\.test\.ts:\d+:\d+: uncaught exception: no oven/,
  ],
  [
    'a rejection',
    () => void Promise.reject(new Error('no oven')),
    /code of reload 7 failed later, .*unhandled rejection: no oven/,
  ],
])('%s of new code that comes later is logged with its reload', async (_what, late, line) => {
  let go = (): void => {};
  await verify(() => {
    const waiting = new Promise<void>((resolve) => (go = resolve));
    // Its error is one of this code, whoever resolves what it waits for.
    void waiting.then(() => setTimeout(late, 1));
  });
  go();
  await expect.poll(() => log.lines.map(({ message }) => message).join('\n')).toMatch(line);
});

test('other code is not in the context of a reload', async () => {
  expect(await verify(() => currentVerification() !== undefined)).toBe(true);
  expect(currentVerification()).toBeUndefined();
});
