import {
  AccessToken,
  AgentDispatchClient,
  RoomServiceClient,
  type ParticipantInfo,
} from 'livekit-server-sdk';

/** Options of {@link RoomApi.createToken}. */
export interface TokenOptions {
  /** 'agent' for a participant that callers treat as an agent; default 'standard'. */
  kind?: 'standard' | 'agent';
}

/** The server API requests that tests need: rooms, dispatches, tokens. */
export class RoomApi {
  readonly #rooms: RoomServiceClient;
  readonly #dispatches: AgentDispatchClient;
  readonly #apiKey: string;
  readonly #apiSecret: string;

  constructor(url: string, apiKey: string, apiSecret: string) {
    const httpUrl = url.replace(/^ws/, 'http');
    this.#rooms = new RoomServiceClient(httpUrl, apiKey, apiSecret);
    this.#dispatches = new AgentDispatchClient(httpUrl, apiKey, apiSecret);
    this.#apiKey = apiKey;
    this.#apiSecret = apiSecret;
  }

  /** Creates a room, which starts the jobs of workers without an agent name. */
  async createRoom(name: string, metadata = ''): Promise<void> {
    await this.#rooms.createRoom({ name, metadata, emptyTimeout: 60, departureTimeout: 5 });
  }

  /** Deletes a room and disconnects all participants. */
  async deleteRoom(name: string): Promise<void> {
    await this.#rooms.deleteRoom(name);
  }

  /** The names of all rooms. */
  async listRooms(): Promise<string[]> {
    return (await this.#rooms.listRooms()).map(({ name }) => name);
  }

  /** Removes a participant from a room. */
  async removeParticipant(room: string, identity: string): Promise<void> {
    await this.#rooms.removeParticipant(room, identity);
  }

  /** The participants of a room, including agents. */
  listParticipants(room: string): Promise<ParticipantInfo[]> {
    return this.#rooms.listParticipants(room);
  }

  /** Dispatches a named agent to a room; resolves with the id of the dispatch. */
  async createDispatch(room: string, agentName: string, metadata = ''): Promise<string> {
    const dispatch = await this.#dispatches.createDispatch(room, agentName, { metadata });
    return dispatch.id;
  }

  /** A token to join `room`, publish and subscribe. */
  createToken(identity: string, room: string, options: TokenOptions = {}): Promise<string> {
    const { kind } = options;
    const token = new AccessToken(this.#apiKey, this.#apiSecret, { identity, ttl: '1h' });
    token.addGrant({
      room,
      roomJoin: true,
      canPublish: true,
      canSubscribe: true,
      canPublishData: true,
      ...(kind === 'agent' && { agent: true }),
    });
    if (kind) token.kind = kind;
    return token.toJwt();
  }
}
