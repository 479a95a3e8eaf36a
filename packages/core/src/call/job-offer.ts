import { type Job, JobType } from '@livekit/protocol';

/**
 * The type of a job: LiveKit creates one for each room, for each participant that joins (`participant`), or for
 * each participant that publishes its first track (`publisher`). Agents, recorders and the like do not count as
 * participants.
 */
export type JobTypeName = 'room' | 'publisher' | 'participant';

/** The job types of the worker protocol, by name. */
export const jobTypes: Readonly<Record<JobTypeName, JobType>> = {
  room: JobType.JT_ROOM,
  publisher: JobType.JT_PUBLISHER,
  participant: JobType.JT_PARTICIPANT,
};

/** A job that LiveKit offers to this worker. */
export interface JobOffer {
  /** The id of the job. */
  readonly jobId: string;
  /** The name of the room. */
  readonly room: string;
  /** The metadata of the room; empty when there is none. */
  readonly roomMetadata: string;
  /** The metadata of the dispatch; empty when there is none. */
  readonly jobMetadata: string;
  /** The agent name of an explicit dispatch; empty for automatic dispatch. */
  readonly agentName: string;
  /** The type of the job. */
  readonly type: JobTypeName;
  /** The message of the worker protocol. */
  readonly job: Job;
}

/** Reads the offer from a job of the worker protocol. */
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
