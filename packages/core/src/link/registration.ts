import type { ParticipantPermission } from '@livekit/protocol';

import { type JobTypeName, jobTypes } from '../call/job-offer.js';
import type { Outgoing } from './worker-connection.js';

/** The data with which a worker registers at LiveKit. */
export interface Registration {
  /** The type of the jobs it takes. */
  readonly jobType: JobTypeName;
  /** The agent name; empty for automatic dispatch. */
  readonly agentName: string;
  /** The deployment, by which LiveKit chooses workers: a dispatch goes to those with the same one. Empty for none. */
  readonly deployment: string;
  /** The version of `@openrtc/core`. */
  readonly version: string;
  /** The permissions of its agents in their rooms. */
  readonly permissions: ConstructorParameters<typeof ParticipantPermission>[0];
}

/** The register message of the worker protocol. */
export function registerMessage({
  jobType,
  agentName,
  deployment,
  version,
  permissions,
}: Registration): Extract<Outgoing, { case: 'register' }>['value'] {
  return {
    type: jobTypes[jobType],
    agentName,
    deployment,
    version,
    allowedPermissions: { ...permissions },
  };
}
