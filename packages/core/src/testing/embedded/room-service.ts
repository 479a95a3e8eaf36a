import { DisconnectReason } from '@livekit/rtc-node';
import type { RoomHub } from './room-hub.js';

/** The answer of the room service: a JSON body, or a Twirp error. */
export interface ServiceAnswer {
  /** The HTTP status. */
  readonly status: 200 | 404;
  /** The JSON body. */
  readonly body: object;
}

/**
 * Answers a request to the part of LiveKit's room service that workers use: listing rooms and participants, removing a
 * participant, and deleting a room.
 * @param path - e.g. `/twirp/livekit.RoomService/DeleteRoom`
 */
export function answerService(hub: RoomHub, path: string, request: unknown): ServiceAnswer {
  const { room = '', identity = '' } = Object(request) as { room?: string; identity?: string };
  switch (path) {
    case '/twirp/livekit.RoomService/DeleteRoom':
      return hub.delete(room) ? ok({}) : notFound('requested room does not exist');
    case '/twirp/livekit.RoomService/RemoveParticipant':
      return hub.get(room)?.remove(identity, DisconnectReason.PARTICIPANT_REMOVED) === true
        ? ok({})
        : notFound('participant does not exist');
    case '/twirp/livekit.RoomService/ListRooms':
      return ok({
        rooms: hub.rooms.map(({ state: { name, sid, metadata } }) => ({ name, sid, metadata })),
      });
    case '/twirp/livekit.RoomService/ListParticipants': {
      const members = hub.get(room)?.members ?? [];
      return ok({
        participants: members.map(({ state: { kind, ...state } }) => ({ ...state, kind })),
      });
    }
    default:
      return notFound(`the embedded endpoint has no ${path}`);
  }
}

function ok(body: object): ServiceAnswer {
  return { status: 200, body };
}

function notFound(msg: string): ServiceAnswer {
  return { status: 404, body: { code: 'not_found', msg } };
}
