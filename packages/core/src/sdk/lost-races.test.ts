import fc from 'fast-check';
import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';

import { type Deferred, deferred } from '../base/deferred.js';
import { LogBook } from '../base/log-book.js';
import { forgetLostRaces, raceOf } from './lost-races.js';

const race = raceOf(Promise);

/** The result of a race, when the contenders have settled in a given order. */
async function outcome(run: typeof race, plan: readonly (number | 'value' | 'thenable')[]) {
  const settles: Deferred<string>[] = plan.map(() => deferred<string>());
  const values = plan.map((kind, index) => {
    if (kind === 'value') return `value ${index}`;
    // oxlint-disable-next-line unicorn/no-thenable -- a race accepts thenables too
    if (kind === 'thenable') return { then: (done: (v: string) => void) => done(`then ${index}`) };
    return settles[index]?.promise ?? '';
  });
  const result = run(values as (string | Promise<string>)[]).then(
    (value) => `won ${value}`,
    (reason: Error) => `lost ${reason.message}`,
  );
  const order = plan
    .map((kind, index) => ({ kind, index }))
    .filter((each): each is { kind: number; index: number } => typeof each.kind === 'number')
    .toSorted((a, b) => a.kind - b.kind);
  for (const { kind, index } of order) {
    if (kind % 2 === 0) settles[index]?.resolve(`promise ${index}`);
    else settles[index]?.reject(new Error(`promise ${index}`));
    // Some settle in the same tick.
    if (kind % 3 === 0) await Promise.resolve();
  }
  return Promise.race([result, new Promise((resolve) => setImmediate(resolve, 'nobody'))]);
}

test('a race has the same result as Promise.race', async () => {
  const contender = fc.oneof(fc.nat({ max: 9 }), fc.constantFrom('value', 'thenable'));
  await fc.assert(
    fc.asyncProperty(fc.array(contender, { maxLength: 5 }), async (plan) => {
      const wanted = await outcome(
        (values: Iterable<unknown>) => Promise.race(values) as never,
        plan,
      );
      expect(await outcome(race, plan)).toBe(wanted);
    }),
    { numRuns: 300 },
  );
});

test('a promise that has settled before wins every race', async () => {
  const settled = Promise.resolve('there');
  const failed = Promise.reject(new Error('gone'));
  const never = new Promise<string>(() => {});
  for (let again = 0; again < 3; again += 1) {
    await expect(race([never, settled])).resolves.toBe('there');
    await expect(race([never, failed])).rejects.toThrow('gone');
    await expect(race([settled, failed])).resolves.toBe('there');
  }
});

test('a loser that rejects later is not an unhandled rejection', async () => {
  const loser = deferred<string>();
  await race([loser.promise, Promise.resolve('won')]);
  loser.reject(new Error('too late'));
  // Vitest fails a run with unhandled rejections.
  await new Promise((resolve) => setImmediate(resolve));
});

test('the result of a race is not kept by the promises that lost', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const lives = new Promise<never>(() => {});
  const kept: WeakRef<object>[] = [];
  for (let frame = 0; frame < 100; frame += 1) {
    const won = await race([Promise.resolve({ frame }), lives]);
    kept.push(new WeakRef(won));
  }
  await expect
    .poll(() => (gc(), kept.filter((frame) => frame.deref() !== undefined).length))
    .toBeLessThan(2);
});

test('the SDK’s promises use this race', async () => {
  const sdk = createRequire(createRequire(import.meta.url).resolve('@livekit/agents'));
  const { ThrowsPromise } = sdk('@livekit/throws-transformer/throws') as {
    ThrowsPromise: PromiseConstructor;
  };
  const stock = Object.getOwnPropertyDescriptor(ThrowsPromise, 'race')?.value as unknown;
  const log = new LogBook();
  forgetLostRaces(log);
  expect(Object.getOwnPropertyDescriptor(ThrowsPromise, 'race')?.value).not.toBe(stock);
  const result = ThrowsPromise.race([Promise.resolve(1)]);
  expect(result).toBeInstanceOf(ThrowsPromise);
  expect(await result).toBe(1);
  expect(log.lines).toEqual([]);
});
