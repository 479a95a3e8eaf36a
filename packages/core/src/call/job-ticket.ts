import type { Job } from '@livekit/protocol';

import type { SessionInfo } from './call.js';

/**
 * The connection of a session to its caller: a room of a LiveKit server. `token` is a join token for this room
 * only, valid for 1 h.
 */
export type TicketMedia = { readonly kind: 'room'; readonly url: string; readonly token: string };

/**
 * Everything that a session needs to run. It is plain data except for `job`, which {@link RemoteSessions} encodes
 * when it sends a ticket to a child process, a container or another machine.
 */
export interface JobTicket {
  /** The description of the call. */
  readonly info: SessionInfo;
  /** The revision of the agent that the call was accepted for, see {@link AgentConfig.revision}. */
  readonly revision: number;
  /** How often the worker has forgotten tenants: a process that has heard of fewer times forgets all it knows of them. */
  readonly tenantsEpoch: number;
  /** The identity under which the agent joins the room. */
  readonly identity: string;
  /** LiveKit's id of this worker when the job was assigned. */
  readonly workerId: string;
  /** The room to join. */
  readonly media: TicketMedia;
  /** The job message of LiveKit, from which the SDK builds the `JobContext`. */
  readonly job: Job;
}
