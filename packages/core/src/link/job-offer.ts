import type { Job } from '@livekit/protocol';

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
    job,
  };
}
