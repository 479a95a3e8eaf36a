import type { Job } from '@livekit/protocol';

/** Whom a publisher or participant job is for: plain data. */
export interface JobParticipant {
  readonly identity: string;
  readonly sid: string;
  /** Empty when it has none, as is `metadata`. */
  readonly name: string;
  readonly metadata: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The participant of a job; of a room job there is none. */
export function participantOf({ participant }: Job): { participant?: JobParticipant } {
  if (participant === undefined || participant.identity === '') return {};
  const { identity, sid, name, metadata, attributes } = participant;
  return { participant: { identity, sid, name, metadata, attributes: { ...attributes } } };
}
