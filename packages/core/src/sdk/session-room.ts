import { Room } from '@livekit/rtc-node';

import type { TicketMedia } from '../call/job-ticket.js';
import { type CurrentCall, runInCall } from './current-call.js';
import { currentFfiClient } from './ffi-client.js';
import { FFI_EVENT } from './ffi-events.js';
import { disposeHandles, noteParting } from './room-handles.js';
import type { CallPatch } from './sdk-patch.js';

export const twoPeerConnectionsPatch: CallPatch = {
  scope: 'call',
  name: 'two-peer-connections',
  why: 'Joining over one peer connection costs twice the CPU, and more memory stays behind.',
  versions: '@livekit/rtc-node 0.13',
  undo: 'It goes with the room.',
};

export const roomContextPatch: CallPatch = {
  scope: 'call',
  name: 'room-context',
  why: 'Native events have no async context: room handlers would not know their call.',
  versions: '@livekit/rtc-node 0.13',
  undo: 'It goes with the room.',
};

/** A room to join. */
export interface SessionRoom {
  readonly room: Room;
  /** True for the embedded endpoint of `@openrtc/core/testing`, which carries words but no audio. */
  readonly textOnly: boolean;
}

/** The room for a ticket, not yet joined. */
export async function openRoom(media: TicketMedia): Promise<SessionRoom> {
  if (new URL(media.url).protocol !== 'embedded:') return { room: nativeRoom(), textOnly: false };
  // Loaded on demand: a worker on a real server never pays for it.
  const { createEmbeddedRoom } = await import('../testing/embedded/embedded-room.js');
  return { room: createEmbeddedRoom(), textOnly: true };
}

/*
 * rtc-node would hear and speak over one peer connection, which it makes before it knows the room: with
 * places for three sounds and three videos, and every video codec in each. With one connection to speak
 * and one to hear, there is in them what there is in the call. Measured with rtc-node 0.13.35: half the
 * CPU of a join, 0.5 MB less for a live room, and a third less of what the native library never gives back
 * of a call (0.50 and 0.34 MB).
 * TypeScript does not know the option; the native library does.
 */
const TWO_PEER_CONNECTIONS = { singlePeerConnection: false };

function nativeRoom(): Room {
  const room = new Room();
  const connect = room.connect.bind(room);
  room.connect = (url, token, options = { autoSubscribe: true, dynacast: false }) =>
    connect(url, token, { ...options, ...TWO_PEER_CONNECTIONS });
  return room;
}

/** What the room does on its own without telling TypeScript. */
interface RoomInternals {
  onFfiEvent?: (event: unknown) => unknown;
}

/**
 * Makes everything the room calls (event listeners, text and byte stream handlers, RPC methods) run as
 * part of the call. Native events come with no context of their own.
 */
export function bindRoomToCall(room: Room, call: CurrentCall): void {
  const internals = room as unknown as RoomInternals;
  const onFfiEvent = internals.onFfiEvent;
  if (typeof onFfiEvent === 'function') {
    internals.onFfiEvent = (event) => runInCall(call, () => onFfiEvent(event));
  }
  const emit = room.emit.bind(room) as (...args: unknown[]) => boolean;
  room.emit = (...args: unknown[]) => {
    noteParting(room, args);
    return runInCall(call, () => emit(...args));
  };
}

/** True when two sids name one room. An empty sid names none. */
export function sameRoom(expected: string | undefined, actual: string): boolean {
  return !expected || !actual || expected === actual;
}

/**
 * Frees what a left room still holds. rtc-node keeps a room subscribed to every event of the process
 * when the server ended the connection, the native library keeps a room that has an RPC method, and its
 * native handles wait for the garbage collector.
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
