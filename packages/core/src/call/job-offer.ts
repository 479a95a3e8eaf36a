import { type Job, JobType } from '@livekit/protocol';

/**
 * What a job is for: a room, every participant that joins one, or every participant that publishes a
 * first track. Agents, recorders and the like count as no participants.
 */
export type JobTypeName = 'room' | 'publisher' | 'participant';

/** The names of the types, as in the worker protocol. */
export const jobTypes: Readonly<Record<JobTypeName, JobType>> = {
  room: JobType.JT_ROOM,
  publisher: JobType.JT_PUBLISHER,
  participant: JobType.JT_PARTICIPANT,
};

/** A job LiveKit offers, before anybody has decided anything about it. */
export interface JobOffer {
  readonly jobId: string;
  readonly room: string;
  /** Empty when the room has none. */
  readonly roomMetadata: string;
  /** Empty when the dispatch has none. */
  readonly jobMetadata: string;
  /** The agent name of an explicit dispatch; empty for automatic dispatch. */
  readonly agentName: string;
  readonly type: JobTypeName;
  readonly job: Job;
}

/** The offer in a job of the worker protocol. */
export function toJobOffer(job: Job): JobOffer {
  return {
    jobId: job.id,
    room: job.room?.name ?? '',
    roomMetadata: job.room?.metadata ?? '',
    jobMetadata: job.metadata,
    agentName: job.agentName,
    type: typeName(job.type),
    job,
  };
}

function typeName(type: JobType): JobTypeName {
  switch (type) {
    case JobType.JT_PUBLISHER:
      return 'publisher';
    case JobType.JT_PARTICIPANT:
      return 'participant';
    case JobType.JT_ROOM:
      return 'room';
  }
}
