import { voice } from '@livekit/agents';
import { type RemoteParticipant, type Room, RoomEvent } from '@livekit/rtc-node';

import type { Logger } from '../base/logger.js';
import { knownCallOf } from './agent-owners.js';
import { replaceMethods } from './replace-method.js';
import type { ProcessPatch, UndoPatch } from './sdk-patch.js';

/** Keeps what a caller types until the room knows the caller. */
export const earlyTextPatch: ProcessPatch = {
  scope: 'process',
  name: 'early-text',
  why: 'LiveKit forwards the text of a caller before it tells the room of that caller, and the session drops such text.',
  versions: '@livekit/agents 1.9',
  apply: keepEarlyText,
};

/**
 * LiveKit tells a room of a caller once the media connection of the caller stands: on a busy machine that was seen up to
 * 2.5 s after its text. A sender who is hidden is never told of, and the session drops its text as before.
 */
const KNOWN_WITHIN_MS = 20_000;

type TextHandler = (reader: unknown, sender: { readonly identity: string }) => void;

/** What is used of a RoomIO; the handler is not in its types. */
interface RoomIo {
  readonly agentSession: object;
  readonly room: Room;
  onUserTextInput?: TextHandler;
}

function keepEarlyText(logger: Logger): UndoPatch {
  return replaceMethods(logger, 'what a caller types at once may be lost', [
    {
      owner: voice.RoomIO.prototype,
      name: 'start',
      replace: (start) =>
        function (this: RoomIo, ...args: unknown[]): unknown {
          const handle = this.onUserTextInput;
          const ended = knownCallOf(this.agentSession)?.end.reached;
          if (typeof handle === 'function' && ended !== undefined)
            this.onUserTextInput = onceKnown(this.room, ended, handle);
          return start.apply(this, args);
        },
    },
  ]);
}

/** The texts of a sender whom the room does not know yet. */
interface Early {
  readonly texts: (() => void)[];
  readonly timer: NodeJS.Timeout;
}

/** Calls the handler with each text once its sender is in the room, in the order in which the texts came. */
function onceKnown(room: Room, ended: Promise<unknown>, handle: TextHandler): TextHandler {
  const waiting = new Map<string, Early>();
  const take = (identity: string): Early['texts'] => {
    const early = waiting.get(identity);
    clearTimeout(early?.timer);
    waiting.delete(identity);
    if (waiting.size === 0) room.off(RoomEvent.ParticipantConnected, onConnected);
    return early?.texts ?? [];
  };
  const pass = (identity: string): void => {
    for (const text of take(identity)) text();
  };
  const onConnected = ({ identity }: RemoteParticipant): void => pass(identity);
  void ended.then(() => {
    for (const identity of waiting.keys()) take(identity);
  });
  return (reader, sender) => {
    const { identity } = sender;
    const text = (): void => handle(reader, sender);
    const early = waiting.get(identity);
    if (early !== undefined) early.texts.push(text);
    else if (room.remoteParticipants.has(identity)) text();
    else {
      if (waiting.size === 0) room.on(RoomEvent.ParticipantConnected, onConnected);
      const timer = setTimeout(pass, KNOWN_WITHIN_MS, identity);
      waiting.set(identity, { texts: [text], timer });
    }
  };
}
