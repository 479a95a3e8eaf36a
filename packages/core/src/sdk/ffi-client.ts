import { dispose } from '@livekit/rtc-node';
import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { join, dirname } from 'node:path';

import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { timeBox } from '../base/time-box.js';
import type { ProcessPatch, UndoPatch } from './sdk-patch.js';
import { FFI_EVENT, type FfiEvent, FfiEvents, type FfiMessage } from './ffi-events.js';

/*
 * `@livekit/rtc-node` creates its native event client on first use and keeps it on `globalThis`. In a
 * process with many calls that is wrong twice: the native callback keeps the async context of whoever
 * was first, so room handlers of the second call would see the job context of the first; and it forwards
 * every log line of the native library as an event, to every room, where nobody reads them (measured:
 * 8090 of 8224 events in 20 s with two rooms). So the pool creates the client itself, early, outside any
 * call, with log capture off and events routed. The rest is what the stock client does.
 */

/** What is built on here: how rtc-node listens, requests and waits (see `ffi-events.ts`). */
const KNOWN_RTC_NODE = /^0\.13\./;

/** What is used of `@livekit/rtc-ffi-bindings`. */
export interface FfiBindings {
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

const globals = globalThis as { _ffiClientInstance?: EventEmitter };

/** The process's native event client, when there is one. */
export function currentFfiClient(): EventEmitter | undefined {
  return globals._ffiClientInstance;
}

// dispose() has been seen to hang; nothing here depends on its end.
const DISPOSE_MS = 10_000;

export const ffiClientPatch: ProcessPatch = {
  scope: 'process',
  name: 'ffi-client',
  why: 'Native events run in the context of the first call, and each is offered to every room, stream and request.',
  versions: '@livekit/rtc-node 0.13',
  apply: installFfiClient,
};

/**
 * Installs the client unless one exists already. When the installed `@livekit/rtc-node` is not built
 * the way this expects, it warns and leaves the stock client, which works but costs more.
 * @returns shuts the native library down when no room is left: it would keep the process alive
 */
function installFfiClient(logger: Logger): UndoPatch {
  if (globals._ffiClientInstance !== undefined) {
    logger.debug({}, 'rtc-node was used before the pool started: keeping its own event client');
  } else {
    try {
      globals._ffiClientInstance = new FfiClient(loadBindings());
    } catch (error) {
      logger.warn(
        { error: messageOf(error) },
        'this version of @livekit/rtc-node is not known: using its own event client, at a higher cost per call',
      );
    }
  }
  return () => releaseFfiClient(logger);
}

async function releaseFfiClient(logger: Logger): Promise<void> {
  const client = globals._ffiClientInstance;
  if (client === undefined || client.listenerCount(FFI_EVENT) > 0) return;
  const ran = await timeBox(DISPOSE_MS, () => dispose());
  // A room created later in this process gets a fresh client.
  delete globals._ffiClientInstance;
  if (ran.kind !== 'done')
    logger.warn({ ...ran }, 'the native WebRTC library did not shut down in good order');
}

function loadBindings(): FfiBindings {
  // rtc-node's own copy: pnpm hides it from us, and a second copy would be a second native library.
  const fromCore = createRequire(import.meta.url);
  const rtcNode = fromCore.resolve('@livekit/rtc-node');
  const fromRtcNode = createRequire(rtcNode);
  const { version } = fromRtcNode(join(dirname(rtcNode), '../package.json')) as { version: string };
  if (!KNOWN_RTC_NODE.test(version)) throw new Error(`@livekit/rtc-node is ${version}, not 0.13`);
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

/** The client of rtc-node, with its events routed. */
export class FfiClient extends FfiEvents {
  readonly #bindings: FfiBindings;
  #asyncId = 0n;

  constructor(bindings: FfiBindings) {
    super();
    this.#bindings = bindings;
    bindings.livekitInitialize(
      (bytes) => this.deliver(bindings.FfiEvent.fromBinary(bytes)),
      false,
      'openrtc',
    );
  }

  request(request: { readonly message: FfiMessage }): unknown {
    const bytes = this.#bindings.livekitFfiRequest(
      new this.#bindings.FfiRequest(request).toBinary(),
    );
    const response = this.#bindings.FfiResponse.fromBinary(bytes).message.value;
    this.sent(request.message, response);
    return response;
  }

  copyBuffer(pointer: bigint, length: number): Uint8Array {
    return this.#bindings.livekitCopyBuffer(pointer, length);
  }

  retrievePtr(data: Uint8Array): bigint {
    return this.#bindings.livekitRetrievePtr(data);
  }

  getNextRequestAsyncId(): bigint {
    this.#asyncId += 1n;
    this.numbered(this.#asyncId);
    return this.#asyncId;
  }
}
