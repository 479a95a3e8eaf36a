import type { Logger } from '../base/logger.js';
import { timeBox } from '../base/time-box.js';
import { type CurrentCall, currentCall, runInCall } from './current-call.js';

/*
 * In LiveKit's own worker a job has a process, and whatever its code has started ends with that process. Here the
 * process goes on with other calls. So objects with a life of their own (a mixer, a decoder, a second session) are
 * noted when code of a call starts them, and closed when the call ends. Only weak references are kept: what the garbage
 * collector takes needs no closing.
 */

/** How objects of one kind are closed. */
export interface BelongingKind<T extends object = object> {
  /** The name for logs, such as `a background audio player`. */
  readonly what: string;
  /**
   * When it is closed: `in_room` while the agent is still in its room, `at_end` after the shutdown callbacks, which may
   * still use it.
   */
  readonly closes: 'in_room' | 'at_end';
  /** Closes it. Is called once for each object, also when the code of the call has closed it already. */
  readonly close: (object: T) => unknown;
}

interface Belonging {
  readonly object: WeakRef<object>;
  readonly kind: BelongingKind;
}

// Enough for any close() of the SDK: it waits for tasks that it has cancelled.
const CLOSE_MS = 3_000;
const FIRST_SWEEP = 64;

/** Everything that the code of one call has started. */
class Belongings {
  readonly #call: CurrentCall;
  #all: Belonging[] = [];
  #sweepAt = FIRST_SWEEP;
  #over = false;

  constructor(call: CurrentCall) {
    this.#call = call;
  }

  add(object: object, kind: BelongingKind): void {
    // Code of a call can run on after its end, such as an interval. This runs later, because the object may be under
    // construction.
    if (this.#over) setImmediate(() => void this.#closeLate(object, kind));
    else this.#all.push({ object: new WeakRef(object), kind });
    if (this.#all.length < this.#sweepAt) return;
    this.#all = this.#all.filter((each) => each.object.deref() !== undefined);
    this.#sweepAt = Math.max(FIRST_SWEEP, 2 * this.#all.length);
  }

  /** Closes one after the other, in the order they were started: what was started last may be part of the first. */
  async close(closes: BelongingKind['closes']): Promise<void> {
    const due = this.#all.filter(({ kind }) => closes === 'at_end' || kind.closes === closes);
    this.#all = this.#all.filter((each) => !due.includes(each));
    if (closes === 'at_end') this.#over = true;
    for (const { object, kind } of due) {
      const left = object.deref();
      if (left !== undefined) await closeOne(left, kind, this.#call.logger);
    }
  }

  async #closeLate(object: object, kind: BelongingKind): Promise<void> {
    const { logger } = this.#call;
    logger.warn({}, `code of a call that has ended has started ${kind.what}: it is closed`);
    await closeOne(object, kind, logger);
  }
}

const ofCall = new WeakMap<CurrentCall, Belongings>();
// Each object is noted once, for the first call whose code starts it.
const known = new WeakSet<object>();
const starters = new WeakMap<object, WeakRef<CurrentCall>>();
const withMaker = new WeakSet<object>();

/** Notes that the code of the current call has started an object. Outside of calls it does nothing. */
export function noteBelonging<T extends object>(object: T, kind: BelongingKind<T>): void {
  if (known.has(object)) return;
  const call = currentCall();
  if (call === undefined) return;
  known.add(object);
  starters.set(object, new WeakRef(call));
  const belongings = ofCall.get(call) ?? new Belongings(call);
  ofCall.set(call, belongings);
  belongings.add(object, kind as BelongingKind);
}

/** The call whose code has started an object that was noted. */
export function starterOf(object: object): CurrentCall | undefined {
  return starters.get(object)?.deref();
}

/** Says that an object is closed by the code that made it: it is never noted. */
export function closedByItsMaker<T extends object>(object: T): T {
  known.add(object);
  withMaker.add(object);
  return object;
}

/** Whether {@link closedByItsMaker} was called for an object. */
export function hasMaker(object: unknown): boolean {
  return typeof object === 'object' && object !== null && withMaker.has(object);
}

/**
 * Closes what the code of a call has started and not closed: first, with `in_room`, what needs the room; at last, with
 * `at_end`, all the rest. From then on whatever it starts is closed at once. Never rejects; what cannot be closed is
 * logged.
 */
export async function closeBelongings(
  call: CurrentCall,
  closes: BelongingKind['closes'],
): Promise<void> {
  const belongings = ofCall.get(call) ?? new Belongings(call);
  ofCall.set(call, belongings);
  await runInCall(call, () => belongings.close(closes));
}

async function closeOne(object: object, kind: BelongingKind, logger: Logger): Promise<void> {
  const late = (error: unknown) =>
    logger.debug({ error }, `${kind.what} was not closed in time, and failed`);
  const ran = await timeBox(CLOSE_MS, () => kind.close(object), late);
  if (ran.kind !== 'done')
    logger.warn({ ...ran }, `${kind.what} that the call left open could not be closed`);
}
