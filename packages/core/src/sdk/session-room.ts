import { Room } from '@livekit/rtc-node';

import type { TicketMedia } from '../call/job-ticket.js';
import { closedByItsMaker } from './belongings.js';
import { type CurrentCall, runInCall } from './current-call.js';
import { currentFfiClient } from './ffi-client.js';
import { FFI_EVENT } from './ffi-message.js';
import { disposeHandles, rememberHandles } from './room-handles.js';
import type { CallPatch } from './sdk-patch.js';

/** Joins rooms over two peer connections. */
export const twoPeerConnectionsPatch: CallPatch = {
  scope: 'call',
  name: 'two-peer-connections',
  why: 'Joining over one peer connection costs twice the CPU and leaks more memory.',
  versions: '@livekit/rtc-node 0.13',
  apply: nativeRoom,
  undo: 'It ends with the room.',
};

/** Runs the event handlers of a room as part of its call. */
export const roomContextPatch: CallPatch = {
  scope: 'call',
  name: 'room-context',
  why: 'Native events have no async context: room handlers would not know their call.',
  versions: '@livekit/rtc-node 0.13',
  apply: bindRoomToCall,
  undo: 'It ends with the room.',
};

/** A room to join. */
export interface SessionRoom {
  /** The room, not joined yet. */
  readonly room: Room;
  /** True for the embedded endpoint of `@openrtc/core/testing`, which carries text but no audio. */
  readonly textOnly: boolean;
}

/** Creates the room for a ticket, without joining it. */
export async function openRoom(media: TicketMedia): Promise<SessionRoom> {
  if (new URL(media.url).protocol !== 'embedded:') return { room: nativeRoom(), textOnly: false };
  // Loaded on demand, so that a worker on a real server never loads it.
  const { createEmbeddedRoom } = await import('../testing/embedded/embedded-room.js');
  return { room: createEmbeddedRoom(), textOnly: true };
}

/*
 * By default rtc-node uses one peer connection to publish and subscribe. It creates it before it knows the room, with
 * three audio and three video transceivers, and every video codec in each. With one connection to publish and one to
 * subscribe, each has only the tracks of the call. Measured with rtc-node 0.13.35: half the CPU of a join, 0.5 MB less
 * for a live room, and a third less memory that the native library never frees after a call (0.34 instead of 0.50 MB).
 * The option is missing from the TypeScript types; the native library supports it.
 */
const TWO_PEER_CONNECTIONS = { singlePeerConnection: false };

// Nothing stops rtc-node when it tries a join again: see `joinRoom()`, which does it instead. Also not in the types.
const ONE_ATTEMPT = { joinRetries: 0 };

function nativeRoom(): Room {
  const room = new Room();
  const connect = room.connect.bind(room);
  room.connect = (url, token, options = { autoSubscribe: true, dynacast: false }) =>
    connect(url, token, { ...options, ...TWO_PEER_CONNECTIONS, ...ONE_ATTEMPT });
  return room;
}

/** A method of the room that is not in its types. */
interface RoomInternals {
  onFfiEvent?: (event: unknown) => unknown;
}

/**
 * Makes all handlers of a room (event listeners, text and byte stream handlers, RPC methods) run as part of the call.
 * Native events have no async context of their own.
 */
export function bindRoomToCall(room: Room, call: CurrentCall): void {
  closedByItsMaker(room);
  const internals = room as unknown as RoomInternals;
  const onFfiEvent = internals.onFfiEvent;
  if (typeof onFfiEvent === 'function') {
    internals.onFfiEvent = (event) => runInCall(call, () => onFfiEvent(event));
  }
  const emit = room.emit.bind(room) as (...args: unknown[]) => boolean;
  room.emit = (...args: unknown[]) => {
    rememberHandles(room, args);
    return runInCall(call, () => emit(...args));
  };
}

/** True when two sids are of the same room. An empty or missing sid matches every room. */
export function sameRoom(expected: string | undefined, actual: string): boolean {
  return !expected || !actual || expected === actual;
}

/**
 * Frees what a room still holds after it was left. When the server ended the connection, rtc-node keeps the room
 * subscribed to every event of the process; the native library keeps a room that has an RPC method; and the native
 * handles wait for the garbage collector.
 * @throws AggregateError when native handles could not be disposed of
 */
export function releaseRoom(room: Room): void {
  const internals = room as unknown as RoomInternals;
  if (typeof internals.onFfiEvent === 'function') {
    currentFfiClient()?.off(FFI_EVENT, internals.onFfiEvent);
  }
  room.removeAllListeners();
  try {
    unregisterRpcMethods(room);
  } finally {
    disposeHandles(room);
  }
}

function unregisterRpcMethods({ localParticipant }: Room): void {
  const { rpcHandlers } = (localParticipant ?? {}) as { rpcHandlers?: unknown };
  if (!(rpcHandlers instanceof Map)) return;
  for (const method of rpcHandlers.keys()) localParticipant?.unregisterRpcMethod(method);
}
