/** How the session reaches its caller. */
export type TicketMedia =
  /** A room of a LiveKit server. `token` is a join token for this room only, valid 1 h. */
  { readonly kind: 'room'; readonly url: string; readonly token: string };

/**
 * Everything a session needs, as plain data: it survives a structured clone, so a strategy may
 * carry it to a child process, a container, or another machine.
 */
export interface JobTicket {
  /** LiveKit's id of the job, e.g. `AJ_x7…`: unique, and the key of everything about the call. */
  readonly jobId: string;
  /** Name of the registered agent that answers. */
  readonly agent: string;
  /** Tenant read from the metadata, `default` when none was named. */
  readonly tenant: string;
  /** Name of the room. Chosen by the caller's side: never use it as a path or a metric label. */
  readonly room: string;
  /** The identity the agent joins with. */
  readonly identity: string;
  /** LiveKit's id of this worker at the time the job was assigned. */
  readonly workerId: string;
  /** Counts hot reloads; 0 for the code the worker started with. */
  readonly generation: number;
  readonly media: TicketMedia;
  /** The `livekit.Job` message in protobuf bytes: JSON would lose int64, enums and bytes. */
  readonly job: Uint8Array;
}
