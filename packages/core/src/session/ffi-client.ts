import { dispose } from '@livekit/rtc-node';
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';

import { messageOf } from '../errors.js';
import type { Logger } from '../logger.js';
import { timeBox } from '../time-box.js';

/*
 * `@livekit/rtc-node` creates its native event client on first use and keeps it on `globalThis`. In a
 * process with many calls that is wrong twice: the native callback keeps the async context of whoever
 * was first, so room handlers of the second call would see the job context of the first; and it forwards
 * every log line of the native library as an event, to every room, where nobody reads them (measured:
 * 8090 of 8224 events in 20 s with two rooms). So the pool creates the client itself, early, outside any
 * call, with log capture off. The rest is what the stock client does.
 */

interface FfiEvent {
  readonly message: { readonly case: string | undefined; readonly value: unknown };
}

interface FfiBindings {
  FfiEvent: { fromBinary(bytes: Uint8Array): FfiEvent };
  FfiRequest: new (request: object) => { toBinary(): Uint8Array };
  FfiResponse: { fromBinary(bytes: Uint8Array): { message: { value: unknown } } };
  livekitInitialize(
    callback: (bytes: Uint8Array) => void,
    captureLogs: boolean,
    sdkVersion: string,
  ): void;
  livekitFfiRequest(request: Uint8Array): Uint8Array;
  livekitCopyBuffer(pointer: bigint, length: number): Uint8Array;
  livekitRetrievePtr(data: Uint8Array): bigint;
}

/** The event name of the stock client. */
export const FFI_EVENT = 'ffi_event';

const globals = globalThis as { _ffiClientInstance?: EventEmitter };

/** The process's native event client, when there is one. */
export function currentFfiClient(): EventEmitter | undefined {
  return globals._ffiClientInstance;
}

// Pools of this process that use the client.
let users = 0;
// dispose() has been seen to hang; nothing of ours depends on its end.
const DISPOSE_MS = 10_000;

/**
 * Installs the client unless one exists already. When the installed `@livekit/rtc-node` is not built
 * the way this expects, it warns and leaves the stock client, which works but costs more.
 */
export function installFfiClient(logger: Logger): void {
  users += 1;
  if (globals._ffiClientInstance !== undefined) {
    logger.debug({}, 'rtc-node was used before the pool started: keeping its own event client');
    return;
  }
  try {
    globals._ffiClientInstance = new FfiClient(loadBindings());
  } catch (error) {
    logger.warn(
      { error: messageOf(error) },
      'this version of @livekit/rtc-node is not known: using its own event client, at a higher cost per call',
    );
  }
}

/**
 * The other end of {@link installFfiClient}: with the last pool gone, and nobody else in a room, the
 * native library is shut down. It would keep the process alive for ever.
 */
export async function releaseFfiClient(logger: Logger): Promise<void> {
  users -= 1;
  const client = globals._ffiClientInstance;
  if (users > 0 || client === undefined || client.listenerCount(FFI_EVENT) > 0) return;
  const ran = await timeBox(DISPOSE_MS, () => dispose());
  // A room made later in this process gets a fresh client.
  delete globals._ffiClientInstance;
  if (ran.kind !== 'done')
    logger.warn({ ...ran }, 'the native WebRTC library did not shut down in good order');
}

function loadBindings(): FfiBindings {
  // rtc-node's own copy: pnpm hides it from us, and a second copy would be a second native library.
  const fromCore = createRequire(import.meta.url);
  const fromRtcNode = createRequire(fromCore.resolve('@livekit/rtc-node'));
  const bindings = fromRtcNode('@livekit/rtc-ffi-bindings') as Partial<FfiBindings>;
  const expected = [
    'FfiEvent',
    'FfiRequest',
    'FfiResponse',
    'livekitInitialize',
    'livekitFfiRequest',
    'livekitCopyBuffer',
    'livekitRetrievePtr',
  ] as const;
  const missing = expected.filter((name) => typeof bindings[name] !== 'function');
  if (missing.length > 0) throw new Error(`@livekit/rtc-ffi-bindings has no ${missing.join(', ')}`);
  return bindings as FfiBindings;
}

class FfiClient extends EventEmitter {
  readonly #bindings: FfiBindings;
  #asyncId = 0n;

  constructor(bindings: FfiBindings) {
    super();
    this.#bindings = bindings;
    this.setMaxListeners(0);
    bindings.livekitInitialize(
      (bytes) => this.emit(FFI_EVENT, bindings.FfiEvent.fromBinary(bytes)),
      false,
      'openrtc',
    );
  }

  request(request: object): unknown {
    const bytes = this.#bindings.livekitFfiRequest(
      new this.#bindings.FfiRequest(request).toBinary(),
    );
    return this.#bindings.FfiResponse.fromBinary(bytes).message.value;
  }

  copyBuffer(pointer: bigint, length: number): Uint8Array {
    return this.#bindings.livekitCopyBuffer(pointer, length);
  }

  retrievePtr(data: Uint8Array): bigint {
    return this.#bindings.livekitRetrievePtr(data);
  }

  getNextRequestAsyncId(): bigint {
    this.#asyncId += 1n;
    return this.#asyncId;
  }

  waitFor(
    predicate: (event: FfiEvent) => boolean,
    options?: { signal?: AbortSignal },
  ): Promise<unknown> {
    const signal = options?.signal;
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.off(FFI_EVENT, onEvent);
        signal?.removeEventListener('abort', onAbort);
      };
      const onEvent = (event: FfiEvent) => {
        if (!predicate(event)) return;
        stop();
        resolve(event.message.value);
      };
      const onAbort = () => {
        stop();
        reject(signal?.reason ?? new Error('waitFor aborted'));
      };
      if (signal?.aborted) return onAbort();
      signal?.addEventListener('abort', onAbort);
      this.on(FFI_EVENT, onEvent);
    });
  }
}
