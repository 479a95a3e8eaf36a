import type { EventEmitter } from 'node:events';

import type { Logger } from '../base/logger.js';
import { type CurrentCall, currentCall, runInCall } from './current-call.js';
import { errorOf } from './error-ways.js';
import { ProviderChanges } from './provider-changes.js';
import { guardClosing } from './provider-closing.js';

/** A listener of an event emitter. */
export type Listener = (...args: unknown[]) => void;
/** The name of an event. */
export type EventName = string | symbol;

/** A listener that was added inside a call. */
interface CallListener {
  readonly call: CurrentCall;
  readonly event: EventName;
  readonly listener: Listener;
  /** The function that the emitter holds: it calls `listener` for the events of its own call. */
  readonly delivered: Listener;
}

/** The use of one provider object by calls: which calls listen to it, and whether they may change it. */
export class ProviderUse {
  readonly #provider: EventEmitter;
  readonly #logger: () => Logger;
  readonly #changes: ProviderChanges;
  readonly #listeners: CallListener[] = [];
  // Not the call itself: the object may live as long as the process.
  #firstJobId: string | undefined;

  constructor(provider: EventEmitter, logger: () => Logger) {
    this.#provider = provider;
    this.#logger = logger;
    this.#changes = new ProviderChanges(provider, logger);
    guardClosing(provider, () => this.shared);
    // One listener per call and event is not a leak: it is removed at the end of the call.
    provider.setMaxListeners(0);
  }

  /** Whether more than one call uses it, or may use it. An event of one call is then not delivered to the others. */
  get shared(): boolean {
    return this.#changes.blocked;
  }

  /** Marks the object as shared: from now on no call changes it. */
  share(): void {
    this.#changes.block();
  }

  /** Notes that a call uses the object. It is shared from the second call on, also when the first has ended. */
  usedBy(call: CurrentCall): void {
    this.#firstJobId ??= call.jobId;
    if (this.#firstJobId !== call.jobId) this.share();
  }

  /** Makes the function that the emitter holds instead of `listener`. */
  deliver(call: CurrentCall, event: EventName, listener: Listener, once: boolean): Listener {
    const deliver = (args: unknown[]) => {
      if (once) this.remove(call, event, listener);
      Reflect.apply(listener, this.#provider, args);
    };
    const delivered: Listener & { listener?: Listener } = (...args) => {
      if (currentCall() === call) deliver(args);
      // Emitted by a native callback or a timer outside of any call: there is only one call it can be for.
      else if (!this.shared) runInCall(call, () => deliver(args));
    };
    // Node marks wrappers like this: off(event, listener) and listenerCount(event, listener) read it.
    delivered.listener = listener;
    this.#listeners.push({ call, event, listener, delivered });
    return delivered;
  }

  /** Removes the call's own `listener`. Returns false when it has none. Listeners of other calls are not removed. */
  remove(call: CurrentCall, event: EventName, listener: Listener): boolean {
    const at = this.#listeners.findLastIndex(
      (each) => each.call === call && each.event === event && each.listener === listener,
    );
    const [found] = at < 0 ? [] : this.#listeners.splice(at, 1);
    if (found !== undefined) this.#provider.off(found.event, found.delivered);
    return found !== undefined;
  }

  /** Removes the call's own listeners, of one event or of all. */
  removeAll(call: CurrentCall, event?: EventName): void {
    for (const each of this.#listeners.filter((listener) => listener.call === call))
      if (event === undefined || each.event === event) this.remove(call, each.event, each.listener);
  }

  /** True when another call, and not this one, has added `listener`. */
  isOthers(call: CurrentCall, event: EventName, listener: Listener): boolean {
    const added = this.#listeners.filter(
      (each) => each.event === event && each.listener === listener,
    );
    return added.length > 0 && added.every((each) => each.call !== call);
  }

  /** Forgets the listeners of an event that are no longer on the emitter. */
  forgetRemoved(event: EventName): void {
    const held = new Set<unknown>(this.#provider.rawListeners(event));
    for (let at = this.#listeners.length - 1; at >= 0; at -= 1) {
      const each = this.#listeners[at];
      if (each?.event === event && !held.has(each.delivered)) this.#listeners.splice(at, 1);
    }
  }

  /** Whether any listener receives an event that is emitted now. */
  hears(event: EventName): boolean {
    return this.#provider.listenerCount(event) > this.#deaf(event);
  }

  /** Logs an event that belongs to no call while calls listen for it, and returns true: none of them is told. */
  isUnattributed(event: EventName, value: unknown): boolean {
    if (currentCall() !== undefined || this.#deaf(event) === 0) return false;
    const provider = this.#provider.constructor.name;
    if (event === 'error')
      this.#logger().error(
        { error: errorOf(value), provider },
        'a shared provider failed outside of any call: no call is notified',
      );
    else
      this.#logger().debug(
        { provider },
        'metrics of a shared provider that belong to no call were dropped',
      );
    return true;
  }

  /** The number of listeners that do not receive it, because they are of other calls. */
  #deaf(event: EventName): number {
    if (!this.shared) return 0;
    const call = currentCall();
    return this.#listeners.filter((each) => each.event === event && each.call !== call).length;
  }
}
