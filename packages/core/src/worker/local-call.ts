import { Job, JobType, ParticipantInfo, Room } from '@livekit/protocol';
import { AccessToken, RoomServiceClient } from 'livekit-server-sdk';
import { randomUUID } from 'node:crypto';

import { OpenRtcError, messageOf } from '../base/errors.js';
import type { RefusalReason } from '../call/refusal.js';
import { type JobOffer, toJobOffer } from '../call/job-offer.js';
import type { LiveKitEndpoint } from '../link/livekit-endpoint.js';
import { printable } from '../base/printable.js';
import type { AgentPermissions } from '../options/dispatch-options.js';
import type { FlowLink } from '../flow/live-call.js';

/** A call that LiveKit does not offer: somebody wants an agent in this room, now. */
export interface ConnectRequest {
  /** Name of the room. It comes to be where there is none. */
  readonly room: string;
  /** Whom the agent listens to; it must be in the room. Default: whoever comes. */
  readonly participantIdentity?: string;
  /** Which agent. Default: as a call to that room is routed. */
  readonly agent?: string;
}

// In seconds, as livekit-server-sdk takes it.
const REQUEST_TIMEOUT_SECONDS = 5;

/** LiveKit knows nothing of the job, and wants to hear nothing of it. */
export const noLink: FlowLink = {
  sendRunning: () => {},
  sendFinal: async () => {},
};

/**
 * The offer LiveKit would have made, with what it knows of room and participant.
 * @throws OpenRtcError `SESSION_JOIN_FAILED` when it cannot be asked or the participant is not there,
 * `LINK_UNAUTHORIZED` when it refuses the key.
 */
export async function localOffer(
  { room, participantIdentity, agent }: ConnectRequest,
  endpoint: LiveKitEndpoint,
): Promise<JobOffer> {
  const client = new RoomServiceClient(
    endpoint.url.replace(/^ws/, 'http'),
    endpoint.apiKey,
    endpoint.apiSecret,
    { requestTimeout: REQUEST_TIMEOUT_SECONDS },
  );
  const rooms = await asked(`about the room "${printable(room)}"`, () => client.listRooms([room]));
  const found = rooms.find(({ name }) => name === room);
  const participant =
    participantIdentity === undefined
      ? undefined
      : await asked(`about the participant "${printable(participantIdentity)}"`, () =>
          client.getParticipant(room, participantIdentity),
        );
  return toJobOffer(
    new Job({
      id: `AJ_local-${randomUUID()}`,
      type: participant === undefined ? JobType.JT_ROOM : JobType.JT_PARTICIPANT,
      // Field by field: the message may be of another copy of @livekit/protocol.
      room: new Room({ name: room, sid: found?.sid ?? '', metadata: found?.metadata ?? '' }),
      metadata: agent === undefined ? '' : JSON.stringify({ agent }),
      ...(participant === undefined
        ? {}
        : {
            participant: new ParticipantInfo({
              identity: participant.identity,
              sid: participant.sid,
              name: participant.name,
              metadata: participant.metadata,
              attributes: { ...participant.attributes },
            }),
          }),
    }),
  );
}

/** The token LiveKit would have sent with the assignment: for one room, valid 1 h. */
export function localToken(
  room: string,
  identity: string,
  attributes: Readonly<Record<string, string>>,
  endpoint: LiveKitEndpoint,
  {
    canPublish,
    canSubscribe,
    canPublishData,
    canUpdateMetadata,
    hidden,
  }: Required<AgentPermissions>,
): Promise<string> {
  const token = new AccessToken(endpoint.apiKey, endpoint.apiSecret, {
    identity,
    attributes: { ...attributes },
    ttl: '1h',
  });
  token.addGrant({
    roomJoin: true,
    room,
    agent: true,
    canPublish,
    canSubscribe,
    canPublishData,
    canUpdateOwnMetadata: canUpdateMetadata,
    hidden,
  });
  token.kind = 'agent';
  return token.toJwt();
}

/** What the flow has refused, and logged why. */
export function refusedCall(reason: string, room: string): OpenRtcError {
  const words = `The call to the room "${printable(room)}" was refused: ${reason}. The log says more.`;
  return new OpenRtcError(REFUSED[reason as RefusalReason] ?? 'SESSION_JOIN_FAILED', words);
}

const REFUSED: Partial<
  Record<RefusalReason, 'ROUTE_UNKNOWN_AGENT' | 'ROUTE_ROUTER_FAILED' | 'ROUTE_INVALID_TENANT'>
> = {
  unknown_agent: 'ROUTE_UNKNOWN_AGENT',
  router_failed: 'ROUTE_ROUTER_FAILED',
  invalid_tenant: 'ROUTE_INVALID_TENANT',
};

async function asked<Answer>(what: string, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (cause) {
    const { status } = Object(cause) as { status?: unknown };
    const code = status === 401 ? 'LINK_UNAUTHORIZED' : 'SESSION_JOIN_FAILED';
    throw new OpenRtcError(code, `LiveKit was asked ${what}: ${messageOf(cause)}`, { cause });
  }
}
