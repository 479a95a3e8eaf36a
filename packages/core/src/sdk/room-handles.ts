import { type Room, RoomEvent } from '@livekit/rtc-node';

import type { CallPatch } from './sdk-patch.js';

/*
 * A handle is a pointer into the native library. A handle that is not disposed waits for the garbage collector, which
 * sees only a few bytes and does not hurry; but the handle of a participant keeps the whole room. The room's own maps
 * no longer have participants that left and tracks that were unpublished: in most calls that is the caller, who hangs
 * up first.
 */

/** Disposes of the native handles of a room. */
export const roomHandlesPatch: CallPatch = {
  scope: 'call',
  name: 'room-handles',
  why: 'Native handles wait for the garbage collector, which sees a few bytes although each keeps a whole room.',
  versions: '@livekit/rtc-node 0.13',
  apply: disposeHandles,
  undo: 'It disposes of the handles of a room that was left, and changes nothing else.',
};

interface Handle {
  dispose(): void;
}

/** The parts of participants, publications, tracks and rooms that matter here. */
interface Owner {
  readonly ffi_handle?: unknown;
  readonly ffiHandle?: unknown;
  readonly track?: unknown;
  readonly trackPublications?: unknown;
}

const REMOVALS: ReadonlySet<unknown> = new Set([
  RoomEvent.ParticipantDisconnected,
  RoomEvent.TrackUnsubscribed,
  RoomEvent.LocalTrackUnpublished,
]);

// Weak references, because the garbage collector may free a handle while the call goes on.
const removed = new WeakMap<Room, WeakRef<Handle>[]>();
const disposed = new WeakSet<Handle>();

/** Call it with each event of a room: remembers the native handles of participants and tracks that leave the room. */
export function rememberHandles(room: Room, [event, ...args]: readonly unknown[]): void {
  if (!REMOVALS.has(event)) return;
  const handles = removed.get(room) ?? [];
  removed.set(room, handles);
  for (const arg of args) for (const handle of handlesOf(arg)) handles.push(new WeakRef(handle));
}

/**
 * Disposes of the native handles of a room that was left, each once. The room cannot be used afterwards.
 * @throws AggregateError with the errors of all handles that could not be disposed of
 */
export function disposeHandles(room: Room): void {
  const failures: unknown[] = [];
  for (const handle of allHandles(room)) {
    if (disposed.has(handle)) continue;
    disposed.add(handle);
    try {
      handle.dispose();
    } catch (error) {
      // The other handles must still be disposed of.
      failures.push(error);
    }
  }
  if (failures.length > 0)
    throw new AggregateError(failures, 'native handles could not be disposed of');
}

function* allHandles(room: Room): Generator<Handle> {
  for (const ref of removed.get(room) ?? []) {
    const handle = ref.deref();
    if (handle !== undefined) yield handle;
  }
  for (const participant of room.remoteParticipants.values()) yield* handlesOf(participant);
  yield* handlesOf(room.localParticipant);
  yield* handlesOf(room);
}

function* handlesOf(owner: unknown): Generator<Handle> {
  if (typeof owner !== 'object' || owner === null) return;
  const { ffi_handle, ffiHandle, track, trackPublications } = owner as Owner;
  yield* handlesOf(track);
  if (trackPublications instanceof Map)
    for (const publication of trackPublications.values()) yield* handlesOf(publication);
  for (const handle of [ffi_handle, ffiHandle]) if (isHandle(handle)) yield handle;
}

function isHandle(value: unknown): value is Handle {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<Handle>).dispose === 'function'
  );
}
