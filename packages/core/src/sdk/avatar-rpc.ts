import { voice } from '@livekit/agents';
import type { Room, RpcInvocationData } from '@livekit/rtc-node';

import type { Logger } from '../base/logger.js';
import { printable } from '../base/printable.js';
import { currentCall } from './current-call.js';
import { type ProcessPatch, type UndoPatch, nothingToUndo } from './sdk-patch.js';

/** Lets the avatars of every call of a process say that they have played what they were sent. */
export const avatarRpcPatch: ProcessPatch = {
  scope: 'process',
  name: 'avatar-rpc',
  why: "An avatar's output registers its RPC methods once a process: the avatar of each later call is never heard of again.",
  versions: '@livekit/agents 1.9',
  apply: registerInEachRoom,
};

type Handler = (data: RpcInvocationData) => string;

interface Registration {
  readonly room: Room;
  /** Identity of the avatar. */
  readonly callerIdentity: string;
  readonly handler: Handler;
}

type Register = (registration: Registration) => void;

// The static methods of the SDK, and the RPC method that each of them registers.
const METHODS = {
  registerPlaybackFinishedRpc: 'lk.playback_finished',
  registerPlaybackStartedRpc: 'lk.playback_started',
} as const;

/** The handlers of the avatars in a room, by RPC method and identity. Two calls may use one identity. */
const rooms = new WeakMap<Room, Map<string, Map<string, Handler>>>();

function registerInEachRoom(logger: Logger): UndoPatch {
  const output = voice.DataStreamAudioOutput as unknown as Record<string, Register | undefined>;
  const names = Object.keys(METHODS) as (keyof typeof METHODS)[];
  const before = Object.fromEntries(names.map((name) => [name, output[name]]));
  if (names.some((name) => typeof before[name] !== 'function')) {
    logger.warn({}, 'unknown version of the SDK: an avatar may be heard in the first call only');
    return nothingToUndo;
  }
  for (const name of names)
    output[name] = (registration) => register(METHODS[name], registration, logger);
  return () => void Object.assign(output, before);
}

function register(
  method: string,
  { room, callerIdentity, handler }: Registration,
  logger: Logger,
): void {
  const methods = rooms.get(room) ?? new Map<string, Map<string, Handler>>();
  rooms.set(room, methods);
  const known = methods.get(method);
  const handlers = known ?? new Map<string, Handler>();
  methods.set(method, handlers.set(callerIdentity, handler));
  if (known !== undefined) return;
  room.localParticipant?.registerRpcMethod(method, async (data) => {
    const found = handlers.get(data.callerIdentity);
    if (found !== undefined) return found(data);
    (currentCall()?.logger ?? logger).warn(
      { method, identity: printable(data.callerIdentity) },
      'a participant that is no avatar of the call was not listened to',
    );
    return 'reject';
  });
}
