import type { Job } from '@livekit/protocol';

import type { SessionInfo } from './call.js';

/** How the session reaches its caller. */
export type TicketMedia =
  /** A room of a LiveKit server. `token` is a join token for this room only, valid for 1 h. */
  { readonly kind: 'room'; readonly url: string; readonly token: string };

/**
 * Everything a session needs to run. Plain data but for `job`, which {@link RemoteSessions} encodes when it carries
 * a ticket to a child process, a container or another machine.
 */
export interface JobTicket {
  /** The one description of the call. */
  readonly info: SessionInfo;
  /** Revision of the agent that was accepted, see {@link AgentConfig.revision}. */
  readonly revision: number;
  /** The identity the agent joins with. */
  readonly identity: string;
  /** LiveKit's id of this worker when the job was assigned. */
  readonly workerId: string;
  readonly media: TicketMedia;
  /** LiveKit's job message, with which the SDK builds the `JobContext`. */
  readonly job: Job;
}
