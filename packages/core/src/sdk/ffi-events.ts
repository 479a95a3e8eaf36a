import { EventEmitter } from 'node:events';

/*
 * rtc-node emits every event of the native library to every listener, and each looks whether it is meant:
 * with N calls, each of their N x 31 audio frames a second is offered to N rooms (which take a lock first)
 * and N streams. Here an event goes to the one who waits for it. Who that is, is read off what rtc-node
 * does in one go: it listens and sends `connect`; it opens a stream and listens; it sends a request and
 * waits for its answer. A listener that cannot be told hears everything, as it would without this.
 */

/** The event name of the stock client. */
export const FFI_EVENT = 'ffi_event';

/** A message of the native library, or one to it. */
export interface FfiMessage {
  readonly case: string | undefined;
  readonly value?: unknown;
}

export interface FfiEvent {
  readonly message: FfiMessage;
}

type Listener = (event: FfiEvent) => void;

interface Waiter {
  readonly asyncId: bigint | undefined;
  readonly fits: (event: FfiEvent) => boolean;
  readonly resolve: (value: unknown) => void;
}

type AnyListener = Parameters<EventEmitter['on']>[1];

/** Native events, each for who waits for it. Behaves as the emitter of the stock client otherwise. */
export class FfiEvents extends EventEmitter {
  /** How many listeners and waiters were handed an event so far. */
  handed = 0;
  readonly #byHandle = new Map<bigint, Listener>();
  readonly #handles = new Map<Listener, bigint>();
  /** Rooms whose `connect` has no answer yet, by its async id. */
  readonly #joining = new Map<bigint, Listener>();
  readonly #waiters = new Map<bigint | undefined, Set<Waiter>>();
  // What was done just now, in this tick, and tells who listens next or has listened last.
  #opened: bigint | undefined;
  #added: Listener | undefined;
  #awaited: bigint | undefined;

  constructor() {
    super();
    this.setMaxListeners(0);
  }

  /** To be told of each request with its answer, before who sent it goes on. */
  sent(request: FfiMessage, response: unknown): void {
    const added = this.#added;
    this.#added = undefined;
    this.#opened = undefined;
    this.#awaited = bigintIn(response, 'asyncId');
    switch (request.case ?? '') {
      case 'connect':
        if (added !== undefined && this.#awaited !== undefined) this.#joins(added, this.#awaited);
        break;
      case 'newAudioStream':
      case 'newVideoStream':
        this.#opened = bigintIn(response, 'stream', 'handle', 'id');
        this.#forgetSoon();
        break;
      case 'byteReadIncremental':
      case 'textReadIncremental':
        if (added !== undefined) this.#routes(added, bigintIn(request.value, 'readerHandle'));
    }
  }

  /** To be told of an async id that is going to be asked for. */
  numbered(asyncId: bigint): void {
    this.#awaited = asyncId;
  }

  /** Hands on an event of the native library. */
  deliver(event: FfiEvent): void {
    const { case: kind, value } = event.message;
    switch (kind ?? '') {
      case 'audioStreamEvent':
      case 'videoStreamEvent':
        this.#hand(this.#ownerOf(value, 'streamHandle'), event);
        break;
      case 'byteStreamReaderEvent':
      case 'textStreamReaderEvent':
        this.#hand(this.#ownerOf(value, 'readerHandle'), event);
        break;
      case 'roomEvent': {
        const room = this.#ownerOf(value, 'roomHandle');
        // Of a room whose handle is not known: its own listener keeps it for later, others drop it.
        for (const listener of room === undefined ? this.#joining.values() : [room])
          this.#hand(listener, event);
        break;
      }
      case 'connect':
        this.#learn(value);
        this.#answer(event);
        break;
      default: {
        if (this.#answer(event)) break;
        // Not the answer to a request, or one nobody waits for: a remote call, or of a kind not known here.
        if (bigintIn(value, 'asyncId') === undefined)
          for (const listener of [...this.#handles.keys(), ...this.#joining.values()])
            this.#hand(listener, event);
      }
    }
    const everything = super.listenerCount(FFI_EVENT);
    if (everything === 0) return;
    this.handed += everything;
    super.emit(FFI_EVENT, event);
  }

  /** The value of the first event that fits. Rejects with the reason of the signal. */
  waitFor(
    fits: (event: FfiEvent) => boolean,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<unknown> {
    const asyncId = this.#awaited;
    this.#awaited = undefined;
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.#drop(waiter);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter = {
        asyncId,
        fits,
        resolve: (value) => {
          stop();
          resolve(value);
        },
      };
      const onAbort = () => {
        stop();
        reject(signal?.reason ?? new Error('waitFor aborted'));
      };
      if (signal?.aborted) return onAbort();
      signal?.addEventListener('abort', onAbort);
      const others = this.#waiters.get(asyncId);
      if (others === undefined) this.#waiters.set(asyncId, new Set([waiter]));
      else others.add(waiter);
    });
  }

  override on(name: string | symbol, listener: AnyListener): this {
    if (name !== FFI_EVENT) return super.on(name, listener);
    if (this.#opened !== undefined) {
      this.#routes(listener, this.#opened);
      this.#opened = undefined;
      return this;
    }
    super.on(name, listener);
    this.#added = listener;
    this.#forgetSoon();
    return this;
  }

  override addListener(name: string | symbol, listener: AnyListener): this {
    return this.on(name, listener);
  }

  override off(name: string | symbol, listener: AnyListener): this {
    if (name === FFI_EVENT && this.#unroute(listener)) return this;
    return super.off(name, listener);
  }

  override removeListener(name: string | symbol, listener: AnyListener): this {
    return this.off(name, listener);
  }

  override listenerCount(name: string | symbol, listener?: AnyListener): number {
    const rest = super.listenerCount(name, listener);
    if (name !== FFI_EVENT) return rest;
    if (listener !== undefined) return rest + (this.#handles.has(listener) ? 1 : 0);
    const waiters = [...this.#waiters.values()].reduce((sum, { size }) => sum + size, 0);
    return rest + this.#handles.size + this.#joining.size + waiters;
  }

  #joins(listener: Listener, asyncId: bigint): void {
    super.off(FFI_EVENT, listener);
    this.#joining.set(asyncId, listener);
  }

  /** A room learns its handle with the answer to `connect`; no event of it comes before. */
  #learn(value: unknown): void {
    const asyncId = bigintIn(value, 'asyncId');
    const listener = asyncId === undefined ? undefined : this.#joining.get(asyncId);
    const handle = bigintIn(value, 'message', 'value', 'room', 'handle', 'id');
    if (asyncId === undefined || listener === undefined || handle === undefined) return;
    this.#joining.delete(asyncId);
    this.#routes(listener, handle);
  }

  #routes(listener: Listener, handle: bigint | undefined): void {
    if (handle === undefined) return;
    super.off(FFI_EVENT, listener);
    this.#byHandle.set(handle, listener);
    this.#handles.set(listener, handle);
  }

  #unroute(listener: Listener): boolean {
    const handle = this.#handles.get(listener);
    if (handle !== undefined) {
      this.#byHandle.delete(handle);
      return this.#handles.delete(listener);
    }
    for (const [asyncId, joining] of this.#joining)
      if (joining === listener) return this.#joining.delete(asyncId);
    return false;
  }

  /** Who sent a request knows its answer by the async id; should that guess fail, all are asked. */
  #answer(event: FfiEvent): boolean {
    const asyncId = bigintIn(event.message.value, 'asyncId');
    const first = asyncId === undefined ? undefined : this.#waiters.get(asyncId);
    if (first !== undefined && this.#offer(first, event)) return true;
    let taken = false;
    for (const waiters of this.#waiters.values())
      if (waiters !== first && this.#offer(waiters, event)) taken = true;
    return taken;
  }

  #offer(waiters: ReadonlySet<Waiter>, event: FfiEvent): boolean {
    let taken = false;
    for (const waiter of waiters) {
      this.handed += 1;
      if (!waiter.fits(event)) continue;
      taken = true;
      waiter.resolve(event.message.value);
    }
    return taken;
  }

  #drop(waiter: Waiter): void {
    const waiters = this.#waiters.get(waiter.asyncId);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiters.delete(waiter.asyncId);
  }

  #ownerOf(value: unknown, name: string): Listener | undefined {
    const handle = bigintIn(value, name);
    return handle === undefined ? undefined : this.#byHandle.get(handle);
  }

  #hand(listener: Listener | undefined, event: FfiEvent): void {
    if (listener === undefined) return;
    this.handed += 1;
    listener(event);
  }

  #forgetSoon(): void {
    queueMicrotask(() => {
      this.#opened = undefined;
      this.#added = undefined;
    });
  }
}

/** The bigint at a path of properties of a decoded message. */
function bigintIn(message: unknown, ...path: readonly string[]): bigint | undefined {
  let at = message;
  for (const name of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return typeof at === 'bigint' ? at : undefined;
}
