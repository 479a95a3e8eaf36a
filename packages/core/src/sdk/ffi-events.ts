import { EventEmitter } from 'node:events';

import { type BelongingKind, noteBelonging } from './belongings.js';
import { FFI_EVENT, type FfiEvent, type FfiMessage, bigintIn } from './ffi-message.js';
import { FfiWaiters } from './ffi-waiters.js';

/*
 * rtc-node emits every event of the native library to every listener, and each listener checks whether the event is for
 * it. With N calls, each of their N x 31 audio frames a second is offered to N rooms (which take a lock first) and N
 * streams. Here an event goes only to the listener that waits for it. That listener is found from what rtc-node does in
 * the same tick: it adds a listener and sends `connect`; it opens a stream and adds a listener; it sends a request and
 * waits for its answer. A listener that cannot be matched gets every event, as in rtc-node itself.
 */

type Listener = (event: FfiEvent) => void;
type AnyListener = Parameters<EventEmitter['on']>[1];

/** A stream of frames that was opened and has no listener yet. */
interface OpenedStream {
  readonly handle: bigint;
  /** The case of its events. */
  readonly event: 'audioStreamEvent' | 'videoStreamEvent';
}

/** Delivers each native event to the listener that waits for it. Otherwise it behaves like the client of rtc-node. */
export class FfiEvents extends EventEmitter {
  readonly #byHandle = new Map<bigint, Listener>();
  readonly #handles = new Map<Listener, bigint>();
  /** Listeners of rooms whose `connect` has no answer yet, by its async id. */
  readonly #joining = new Map<bigint, Listener>();
  readonly #waiters = new FfiWaiters();
  #delivered = 0;
  // What happened just now, in this tick: it tells what the next or the last listener is for.
  #openedStream: OpenedStream | undefined;
  #addedListener: Listener | undefined;
  #asyncId: bigint | undefined;

  constructor() {
    super();
    this.setMaxListeners(0);
  }

  /** How many times a listener or waiter was given an event so far. */
  get deliveries(): number {
    return this.#delivered + this.#waiters.offered;
  }

  /** Call it after each request with its response, before the response is returned to the sender. */
  onRequest(request: FfiMessage, response: unknown): void {
    const added = this.#addedListener;
    this.#addedListener = undefined;
    this.#openedStream = undefined;
    this.#asyncId = bigintIn(response, 'asyncId');
    switch (request.case ?? '') {
      case 'connect':
        if (added !== undefined && this.#asyncId !== undefined) this.#joins(added, this.#asyncId);
        break;
      case 'newAudioStream':
      case 'newVideoStream': {
        const handle = bigintIn(response, 'stream', 'handle', 'id');
        const event = request.case === 'newAudioStream' ? 'audioStreamEvent' : 'videoStreamEvent';
        this.#openedStream = handle === undefined ? undefined : { handle, event };
        this.#forgetSoon();
        break;
      }
      case 'byteReadIncremental':
      case 'textReadIncremental':
        if (added !== undefined) this.#route(added, bigintIn(request.value, 'readerHandle'));
    }
  }

  /** Call it with an async id that rtc-node has just been given for its next request. */
  onAsyncId(asyncId: bigint): void {
    this.#asyncId = asyncId;
  }

  /** Delivers an event of the native library. */
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
        // If the handle is not known yet, the room it is for keeps the event for later, and the others drop it.
        for (const listener of room === undefined ? this.#joining.values() : [room])
          this.#hand(listener, event);
        break;
      }
      case 'connect':
        this.#learnHandle(value);
        this.#waiters.answer(event);
        break;
      default: {
        if (this.#waiters.answer(event)) break;
        // Not an answer that is waited for: an RPC call of a participant, or a kind that is not known here.
        if (bigintIn(value, 'asyncId') === undefined)
          for (const listener of [...this.#handles.keys(), ...this.#joining.values()])
            this.#hand(listener, event);
      }
    }
    const unmatched = super.listenerCount(FFI_EVENT);
    if (unmatched === 0) return;
    this.#delivered += unmatched;
    super.emit(FFI_EVENT, event);
  }

  /** Resolves with the value of the first event that fits. Rejects with the reason of the signal. */
  waitFor(
    fits: (event: FfiEvent) => boolean,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<unknown> {
    const asyncId = this.#asyncId;
    this.#asyncId = undefined;
    return this.#waiters.add(asyncId, fits, signal);
  }

  override on(name: string | symbol, listener: AnyListener): this {
    if (name !== FFI_EVENT) return super.on(name, listener);
    if (this.#openedStream !== undefined) {
      const { handle, event } = this.#openedStream;
      this.#openedStream = undefined;
      this.#route(listener, handle);
      noteBelonging(listener, this.#frames(handle, event));
      return this;
    }
    super.on(name, listener);
    this.#addedListener = listener;
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
    const unmatched = super.listenerCount(name, listener);
    if (name !== FFI_EVENT) return unmatched;
    if (listener !== undefined) return unmatched + (this.#handles.has(listener) ? 1 : 0);
    return unmatched + this.#handles.size + this.#joining.size + this.#waiters.size;
  }

  #joins(listener: Listener, asyncId: bigint): void {
    super.off(FFI_EVENT, listener);
    this.#joining.set(asyncId, listener);
  }

  /** The answer to `connect` has the handle of the room; no event of the room comes before it. */
  #learnHandle(value: unknown): void {
    const asyncId = bigintIn(value, 'asyncId');
    const listener = asyncId === undefined ? undefined : this.#joining.get(asyncId);
    const handle = bigintIn(value, 'message', 'value', 'room', 'handle', 'id');
    if (asyncId === undefined || listener === undefined || handle === undefined) return;
    this.#joining.delete(asyncId);
    this.#route(listener, handle);
  }

  #route(listener: Listener, handle: bigint | undefined): void {
    if (handle === undefined) return;
    super.off(FFI_EVENT, listener);
    this.#byHandle.set(handle, listener);
    this.#handles.set(listener, handle);
  }

  /**
   * Frames that code of a call reads from a track. They come until the stream is closed, also when the track has ended.
   * Told that it has ended, rtc-node closes it, and its reader is done.
   */
  #frames(handle: bigint, event: OpenedStream['event']): BelongingKind<Listener> {
    return {
      what: 'a stream of frames',
      closes: 'in_room',
      close: (listener) => {
        if (this.#handles.get(listener) !== handle) return;
        const message = { case: 'eos', value: {} };
        listener({ message: { case: event, value: { streamHandle: handle, message } } });
      },
    };
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

  #ownerOf(value: unknown, name: string): Listener | undefined {
    const handle = bigintIn(value, name);
    return handle === undefined ? undefined : this.#byHandle.get(handle);
  }

  #hand(listener: Listener | undefined, event: FfiEvent): void {
    if (listener === undefined) return;
    this.#delivered += 1;
    listener(event);
  }

  #forgetSoon(): void {
    queueMicrotask(() => {
      this.#openedStream = undefined;
      this.#addedListener = undefined;
    });
  }
}
