import { Job, JobType, ParticipantInfo, Room } from '@livekit/protocol';
import { AccessToken, RoomServiceClient } from 'livekit-server-sdk';
import { randomUUID } from 'node:crypto';

import { checkAll } from '../base/all-faults.js';
import { OpenRtcError, messageOf } from '../base/errors.js';
import type { RefusalReason } from '../call/refusal.js';
import { type JobOffer, toJobOffer } from '../call/job-offer.js';
import type { Acceptance } from '../link/pending-offers.js';
import type { LiveKitEndpoint } from '../link/livekit-endpoint.js';
import { isRecord, kindOf } from '../base/kind-of.js';
import { checkKeys, checkText, invalidOption } from '../base/option-checks.js';
import { printable } from '../base/printable.js';
import type { AgentPermissions } from '../options/dispatch-options.js';
import type { FlowLink } from '../flow/live-call.js';

/** A call that LiveKit does not offer: an agent joins the given room now. */
export interface ConnectRequest {
  /** Name of the room. It is created if it does not exist. */
  readonly room: string;
  /** Identity of the participant that the agent listens to. It must be in the room. Default: the first caller. */
  readonly participantIdentity?: string;
  /** Name of the agent. Default: the agent that a call to that room is routed to. */
  readonly agent?: string;
}

const REQUEST_KEYS = [
  'room',
  'participantIdentity',
  'agent',
] as const satisfies readonly (keyof ConnectRequest)[];

/**
 * Checks what `connect()` is asked for, before anything is opened.
 * @param checkAgent - throws for the name of an agent that is not registered
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`, `CONFIG_UNKNOWN_AGENT`
 */
export function checkConnectRequest(
  request: unknown,
  checkAgent: (name: string) => unknown,
): asserts request is ConnectRequest {
  const where = 'connect()';
  if (!isRecord(request))
    throw invalidOption(where, `pass { room: 'its-name' }, got ${kindOf(request)}`);
  checkAll([
    () => checkKeys(where, request, REQUEST_KEYS),
    ...REQUEST_KEYS.map((key) => () => checkText(where, key, request[key])),
    () => {
      if (request['room'] === undefined)
        throw invalidOption(where, "room is missing: pass { room: 'its-name' }");
    },
    () => {
      if (typeof request['agent'] === 'string') checkAgent(request['agent']);
    },
  ]);
}

// In seconds, because livekit-server-sdk expects seconds.
const REQUEST_TIMEOUT_SECONDS = 5;

/** A link that sends nothing: LiveKit does not know a local call's job and expects no status of it. */
export const noLink: FlowLink = {
  sendRunning: () => {},
  sendFinal: async () => {},
};

/**
 * Builds the offer that LiveKit would have made. Room and participant are requested from its API.
 * @throws OpenRtcError `SESSION_JOIN_FAILED` when LiveKit cannot be reached or the participant is not in the room,
 * `LINK_UNAUTHORIZED` when it refuses the key
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
  const rooms = await request(`the room "${printable(room)}"`, () => client.listRooms([room]));
  const found = rooms.find(({ name }) => name === room);
  const participant =
    participantIdentity === undefined
      ? undefined
      : await request(`the participant "${printable(participantIdentity)}"`, () =>
          client.getParticipant(room, participantIdentity),
        );
  return toJobOffer(
    new Job({
      id: `AJ_local-${randomUUID()}`,
      type: participant === undefined ? JobType.JT_ROOM : JobType.JT_PARTICIPANT,
      // Copied field by field, because the message may be of another copy of @livekit/protocol.
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

/** Assigns an accepted call to this worker, as LiveKit would. */
export async function assignHere(
  answer: Acceptance,
  { job, room }: JobOffer,
  endpoint: LiveKitEndpoint,
  permissions: Required<AgentPermissions>,
): Promise<void> {
  let token: string;
  try {
    token = await localToken(room, answer.identity, answer.attributes, endpoint, permissions);
  } catch (error) {
    answer.abandoned('no token');
    throw error;
  }
  answer.sent();
  answer.assigned({ job, url: undefined, token, workerId: '' });
}

/** Creates the token that LiveKit would have sent with the assignment: for one room, valid for 1 h. */
function localToken(
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

/** The error of a local call that the flow has refused. The flow has logged the details. */
export function refusedCall(reason: string, room: string): OpenRtcError {
  const message = `The call to the room "${printable(room)}" was refused: ${reason}. See the log for details.`;
  return new OpenRtcError(REFUSED[reason as RefusalReason] ?? 'SESSION_JOIN_FAILED', message);
}

const REFUSED: Partial<
  Record<
    RefusalReason,
    | 'ROUTE_UNKNOWN_AGENT'
    | 'ROUTE_ROUTER_FAILED'
    | 'ROUTE_INVALID_TENANT'
    | 'ROUTE_INVALID_METADATA'
  >
> = {
  unknown_agent: 'ROUTE_UNKNOWN_AGENT',
  router_failed: 'ROUTE_ROUTER_FAILED',
  invalid_tenant: 'ROUTE_INVALID_TENANT',
  invalid_metadata: 'ROUTE_INVALID_METADATA',
};

async function request<Answer>(what: string, send: () => Promise<Answer>): Promise<Answer> {
  try {
    return await send();
  } catch (cause) {
    const { status } = Object(cause) as { status?: unknown };
    const code = status === 401 ? 'LINK_UNAUTHORIZED' : 'SESSION_JOIN_FAILED';
    throw new OpenRtcError(code, `LiveKit could not return ${what}: ${messageOf(cause)}`, {
      cause,
    });
  }
}
