import { Room } from '@livekit/rtc-node';

import type { TicketMedia } from '../launch/job-ticket.js';
import { type CurrentCall, runInCall } from './current-call.js';
import { FFI_EVENT, currentFfiClient } from './ffi-client.js';

/** A room to join. */
export interface SessionRoom {
  readonly room: Room;
  /** True for the embedded endpoint of `@openrtc/core/testing`, which carries words but no audio. */
  readonly textOnly: boolean;
}

/** The room for a ticket, not yet joined. */
export async function openRoom(media: TicketMedia): Promise<SessionRoom> {
  if (new URL(media.url).protocol !== 'embedded:') return { room: new Room(), textOnly: false };
  // Loaded on demand: a worker on a real server never pays for it.
  const { createEmbeddedRoom } = await import('../testing/embedded/embedded-room.js');
  return { room: createEmbeddedRoom(), textOnly: true };
}

/** What the room does on its own without telling TypeScript. */
interface RoomInternals {
  onFfiEvent?: (event: unknown) => unknown;
  ffiHandle?: unknown;
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
  room.emit = (...args: unknown[]) => runInCall(call, () => emit(...args));
}

/** True when two sids name one room. An empty sid names none. */
export function sameRoom(expected: string | undefined, actual: string): boolean {
  return !expected || !actual || expected === actual;
}

/**
 * Frees what a left room still holds. rtc-node keeps a room subscribed to every event of the process
 * when the server ended the connection, and its native handles until garbage collection happens to
 * find their tiny wrappers.
 */
export function releaseRoom(room: Room): void {
  const internals = room as unknown as RoomInternals;
  if (typeof internals.onFfiEvent === 'function') {
    currentFfiClient()?.off(FFI_EVENT, internals.onFfiEvent);
  }
  room.removeAllListeners();
  const participants = [room.localParticipant, ...room.remoteParticipants.values()];
  for (const participant of participants) {
    if (participant === undefined) continue;
    for (const publication of participant.trackPublications.values()) {
      disposeHandle(publication.track, 'ffi_handle');
      disposeHandle(publication, 'ffiHandle');
    }
    disposeHandle(participant, 'ffi_handle');
  }
  disposeHandle(internals, 'ffiHandle');
}

const disposed = new WeakSet<object>();

function disposeHandle(owner: unknown, key: 'ffi_handle' | 'ffiHandle'): void {
  if (typeof owner !== 'object' || owner === null) return;
  const handle = (owner as Record<string, unknown>)[key];
  if (typeof handle !== 'object' || handle === null || disposed.has(handle)) return;
  const { dispose } = handle as { dispose?: () => void };
  if (typeof dispose !== 'function') return;
  disposed.add(handle);
  dispose.call(handle);
}
