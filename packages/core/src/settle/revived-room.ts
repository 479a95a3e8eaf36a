import { ParticipantInfo_Kind } from '@livekit/protocol';
import { RoomServiceClient } from 'livekit-server-sdk';

import type { RoomServer } from './remove-ghost.js';

// In seconds, because livekit-server-sdk expects seconds.
const REQUEST_TIMEOUT_SECONDS = 5;

/**
 * A room that was deleted, and that only the late join of an agent has created again. Its agent has left it; LiveKit
 * has dispatched a second job for it, whose agent would wait there for nobody.
 */
export class RevivedRoom {
  readonly #client: RoomServiceClient;
  readonly #room: string;
  readonly #jobSid: string;

  /** @param jobSid - sid of the room that was deleted */
  constructor({ url, apiKey, apiSecret }: RoomServer, room: string, jobSid: string) {
    this.#client = new RoomServiceClient(url.replace(/^ws/, 'http'), apiKey, apiSecret, {
      requestTimeout: REQUEST_TIMEOUT_SECONDS,
    });
    this.#room = room;
    this.#jobSid = jobSid;
  }

  /**
   * Its sid. Undefined when there is no such room, or it is somebody's: a caller is in it, or it has metadata, which a
   * room gets only from whoever creates it for a call.
   * @throws when LiveKit cannot be reached
   */
  async sid(): Promise<string | undefined> {
    const [found] = (await this.#client.listRooms([this.#room])).filter(
      ({ name }) => name === this.#room,
    );
    if (found === undefined || found.sid === this.#jobSid || found.metadata !== '')
      return undefined;
    const inIt = await this.#client.listParticipants(this.#room);
    return inIt.every(({ kind }) => kind === ParticipantInfo_Kind.AGENT) ? found.sid : undefined;
  }

  /**
   * Deletes it.
   * @throws when LiveKit cannot be reached or does not know the room
   */
  async remove(): Promise<void> {
    await this.#client.deleteRoom(this.#room);
  }
}
