import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { requireFromSdk } from './from-sdk.js';
import { type ProcessPatch, type UndoPatch, nothingToUndo } from './sdk-patch.js';

/*
 * The SDK reads the audio of a session with `ThrowsPromise.race([reader.read(), aborted])`, where `aborted` lives as
 * long as the session. Each race leaves a reaction on `aborted` that holds its result. So a session keeps every audio
 * frame it has received until it ends, about 10 MB per minute. The race here removes its reactions when it has settled.
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

/** A promise that takes part in races; `waiting` are its unsettled races, undefined once the promise has settled. */
interface Contender {
  waiting: Set<Racer> | undefined;
}

const contenders = new WeakMap<object, Contender>();

/** Makes the SDK's promise races release their results. */
export const lostRacesPatch: ProcessPatch = {
  scope: 'process',
  name: 'lost-races',
  why: 'A session keeps every audio frame it has received until it ends, about 10 MB per minute.',
  versions: '@livekit/agents 1.9 with @livekit/throws-transformer',
  apply: forgetLostRaces,
};

/**
 * Replaces `race` of the SDK's promises with one that does not keep results. Logs a warning and changes nothing when
 * the SDK's promises are not of the known kind.
 */
export function forgetLostRaces(logger: Logger): UndoPatch {
  try {
    const { ThrowsPromise } = requireFromSdk('@livekit/throws-transformer/throws') as {
      ThrowsPromise?: PromiseClass;
    };
    if (!Object.hasOwn(ThrowsPromise ?? {}, 'race') || ThrowsPromise === undefined)
      throw new Error('ThrowsPromise has no race() of its own');
    const { race } = ThrowsPromise;
    ThrowsPromise.race = raceOf(ThrowsPromise);
    return () => void (ThrowsPromise.race = race);
  } catch (error) {
    logger.warn(
      { error: messageOf(error) },
      'unknown version of @livekit/agents: sessions keep the audio they receive until they end',
    );
    return nothingToUndo;
  }
}

/** Makes a `race` for a class of promises that leaves no reaction on contenders that have not settled. */
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
  const settle = (settleRace: (racer: Racer) => void) => {
    contender.waiting = undefined;
    for (const racer of waiting) {
      racer.leave();
      settleRace(racer);
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
