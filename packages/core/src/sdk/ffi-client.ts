import { dispose } from '@livekit/rtc-node';
import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { join, dirname } from 'node:path';

import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { timeBox } from '../base/time-box.js';
import type { ProcessPatch, UndoPatch } from './sdk-patch.js';
import { FfiEvents } from './ffi-events.js';
import { FFI_EVENT, type FfiEvent, type FfiMessage } from './ffi-message.js';

/*
 * `@livekit/rtc-node` creates its native event client on first use and keeps it on `globalThis`. In a process with many
 * calls that is wrong in two ways. The native callback keeps the async context in which it was created, so the room
 * handlers of the second call would see the job context of the first. And it forwards every log line of the native
 * library as an event to every room, where nothing reads it (measured: 8090 of 8224 events in 20 s with two rooms). So
 * the pool creates the client itself, early and outside any call, without log lines and with routed events. Otherwise
 * it does what the client of rtc-node does.
 */

/** The versions whose way to listen, request and wait is known (see `ffi-events.ts`). */
const KNOWN_RTC_NODE = /^0\.13\./;

/** The part of `@livekit/rtc-ffi-bindings` that is used here. */
export interface FfiBindings {
  // The names are those of the package.
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

/** The native event client of this process. Undefined when there is none yet. */
export function currentFfiClient(): EventEmitter | undefined {
  return globals._ffiClientInstance;
}

// dispose() has been seen to hang, and nothing here depends on its end.
const DISPOSE_MS = 10_000;

/** Replaces the native event client of rtc-node. */
export const ffiClientPatch: ProcessPatch = {
  scope: 'process',
  name: 'ffi-client',
  why: 'Native events run in the context of the first call, and each is offered to every room, stream and request.',
  versions: '@livekit/rtc-node 0.13',
  apply: installFfiClient,
};

/**
 * Installs the client unless there is one already. Logs a warning and keeps the client of rtc-node, which works but
 * costs more, when the installed version is not a known one.
 * @returns a function that shuts the native library down when no room is left, because it would keep the process alive
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
        'unknown version of @livekit/rtc-node: using its own event client, at a higher cost per call',
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
    logger.warn({ ...ran }, 'the native WebRTC library did not shut down cleanly');
}

function loadBindings(): FfiBindings {
  // The copy of rtc-node: pnpm hides it from core, and a second copy would load a second native library.
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

/** Replaces the client of rtc-node: the same methods, with routed events. rtc-node calls all of them. */
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

  /** Sends a request and returns its response. */
  request(request: { readonly message: FfiMessage }): unknown {
    const bytes = this.#bindings.livekitFfiRequest(
      new this.#bindings.FfiRequest(request).toBinary(),
    );
    const response = this.#bindings.FfiResponse.fromBinary(bytes).message.value;
    this.onRequest(request.message, response);
    return response;
  }

  /** Copies `length` bytes of native memory. */
  copyBuffer(pointer: bigint, length: number): Uint8Array {
    return this.#bindings.livekitCopyBuffer(pointer, length);
  }

  /** Address of the bytes in native memory. */
  retrievePtr(data: Uint8Array): bigint {
    return this.#bindings.livekitRetrievePtr(data);
  }

  /** A new id for the next request. */
  getNextRequestAsyncId(): bigint {
    this.#asyncId += 1n;
    this.onAsyncId(this.#asyncId);
    return this.#asyncId;
  }
}
