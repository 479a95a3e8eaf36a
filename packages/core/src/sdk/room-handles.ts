import { type Room, RoomEvent } from '@livekit/rtc-node';

import type { CallPatch } from './sdk-patch.js';

/*
 * A handle is a pointer into the native library. One that is not disposed waits for the garbage
 * collector, which sees a few bytes and is in no hurry; behind that of a participant there is the
 * whole room. A room's own maps have forgotten who left and what was unpublished: in most calls that
 * is the caller, who hangs up first.
 */

export const roomHandlesPatch: CallPatch = {
  scope: 'call',
  name: 'room-handles',
  why: 'Native handles wait for the garbage collector, which sees a few bytes where there is a whole room.',
  versions: '@livekit/rtc-node 0.13',
  undo: 'It disposes handles of a room that was left, and changes nothing else.',
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

const PARTING: ReadonlySet<unknown> = new Set([
  RoomEvent.ParticipantDisconnected,
  RoomEvent.TrackUnsubscribed,
  RoomEvent.LocalTrackUnpublished,
]);

// Weak: in a call that goes on, the garbage collector may be faster.
const parted = new WeakMap<Room, WeakRef<Handle>[]>();
const disposed = new WeakSet<Handle>();

/** Told each event of a room: remembers the native handles of whoever and whatever leaves it. */
export function noteParting(room: Room, [event, ...args]: readonly unknown[]): void {
  if (!PARTING.has(event)) return;
  const handles = parted.get(room) ?? [];
  parted.set(room, handles);
  for (const arg of args) for (const handle of handlesOf(arg)) handles.push(new WeakRef(handle));
}

/** Gives back the native handles of a room that was left, once; the room is of no use afterwards. */
export function disposeHandles(room: Room): void {
  const failures: unknown[] = [];
  for (const handle of allHandles(room)) {
    if (disposed.has(handle)) continue;
    disposed.add(handle);
    try {
      handle.dispose();
    } catch (error) {
      // The others are to be given back all the same.
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'native handles were not given back');
}

function* allHandles(room: Room): Generator<Handle> {
  for (const ref of parted.get(room) ?? []) {
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
