import type { Job } from '@livekit/protocol';

import { deepFreeze } from '../base/deep-freeze.js';

/** The participant a job of type `publisher` or `participant` is for, as plain data. */
export interface JobParticipant {
  /** The identity, unique in the room. */
  readonly identity: string;
  /** LiveKit's id of the participant, e.g. `PA_x7…`. */
  readonly sid: string;
  /** The display name; empty when there is none. */
  readonly name: string;
  /** The metadata as a string; empty when there is none. */
  readonly metadata: string;
  /** The attributes by name; empty when there are none. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** The participant of a job, as fields to spread; no fields for a job of type `room`. */
export function participantOf({ participant }: Job): { participant?: JobParticipant } {
  if (participant === undefined || participant.identity === '') return {};
  const { identity, sid, name, metadata, attributes } = participant;
  return {
    participant: deepFreeze({ identity, sid, name, metadata, attributes: { ...attributes } }),
  };
}
