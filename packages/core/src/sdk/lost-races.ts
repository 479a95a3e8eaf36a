import { createRequire } from 'node:module';

import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { type ProcessPatch, type UndoPatch, nothingToUndo } from './sdk-patch.js';

/*
 * The SDK reads a session's audio with `ThrowsPromise.race([reader.read(), aborted])`, where `aborted` lives as
 * long as the session. Each such race leaves a reaction on `aborted` that holds what the race came to: so a
 * session keeps every frame of audio it has heard until it ends, about 10 MB a minute. A race that leaves
 * nothing behind with those it lost to is all it takes.
 */

type PromiseClass = Pick<PromiseConstructor, 'race'> & {
  new <T>(
    executor: (
      resolve: (value: T | PromiseLike<T>) => void,
      reject: (reason: unknown) => void,
    ) => void,
  ): Promise<T>;
};

interface Racer {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  readonly leave: () => void;
}

/** Who waits for a contender; undefined once it has settled. */
interface Contender {
  waiting: Set<Racer> | undefined;
}

const contenders = new WeakMap<object, Contender>();

export const lostRacesPatch: ProcessPatch = {
  scope: 'process',
  name: 'lost-races',
  why: 'A session keeps every frame of audio it has heard until it ends, about 10 MB a minute.',
  versions: '@livekit/agents 1.9 with @livekit/throws-transformer',
  apply: forgetLostRaces,
};

/**
 * Gives the SDK's promises a `race` that holds on to nothing. Warns and leaves them as they are when they are
 * not built the way this expects.
 */
export function forgetLostRaces(logger: Logger): UndoPatch {
  try {
    const fromCore = createRequire(import.meta.url);
    // The SDK's own copy. It is CommonJS, so there is one for both of the SDK's builds.
    const fromSdk = createRequire(fromCore.resolve('@livekit/agents'));
    const { ThrowsPromise } = fromSdk('@livekit/throws-transformer/throws') as {
      ThrowsPromise?: PromiseClass;
    };
    if (!Object.hasOwn(ThrowsPromise ?? {}, 'race') || ThrowsPromise === undefined)
      throw new Error('ThrowsPromise has no race of its own');
    const { race } = ThrowsPromise;
    ThrowsPromise.race = raceOf(ThrowsPromise);
    return () => void (ThrowsPromise.race = race);
  } catch (error) {
    logger.warn(
      { error: messageOf(error) },
      'this version of @livekit/agents is not known: sessions keep the audio they hear until they end',
    );
    return nothingToUndo;
  }
}

/** `Promise.race`, for promises of a class, that leaves nothing with contenders that have not settled. */
export function raceOf(promises: PromiseClass): PromiseClass['race'] {
  return <T>(values: Iterable<T | PromiseLike<T>>): Promise<Awaited<T>> =>
    new promises<Awaited<T>>((resolve, reject) => {
      const joined: Set<Racer>[] = [];
      const racer: Racer = {
        resolve: (value) => resolve(value as Awaited<T>),
        reject,
        leave: () => {
          for (const waiting of joined) waiting.delete(racer);
        },
      };
      for (const value of values) {
        const waiting = isObject(value) ? waitingFor(value) : undefined;
        if (waiting === undefined) Promise.resolve(value).then(racer.resolve, reject);
        else joined.push(waiting.add(racer));
      }
    });
}

function waitingFor(value: object): Set<Racer> | undefined {
  const known = contenders.get(value);
  if (known !== undefined) return known.waiting;
  const waiting = new Set<Racer>();
  const contender: Contender = { waiting };
  contenders.set(value, contender);
  const settle = (tell: (racer: Racer) => void) => {
    contender.waiting = undefined;
    for (const racer of waiting) {
      racer.leave();
      tell(racer);
    }
  };
  Promise.resolve(value).then(
    (result) => settle(({ resolve }) => resolve(result)),
    (reason: unknown) => settle(({ reject }) => reject(reason)),
  );
  return waiting;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
