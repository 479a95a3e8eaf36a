import type { Registration } from '../link/registration.js';
import type { ResolvedOptions } from '../options/resolve-options.js';

/** What a pool registers as: each of its names for each of its job types. */
export function registrationsOf(
  { dispatch, agentName, jobTypes, deployment, permissions }: ResolvedOptions,
  agents: readonly string[],
  version: string,
): readonly Registration[] {
  const names = dispatch === 'per_agent' ? agents : [agentName];
  return names.flatMap((name) =>
    jobTypes.map((jobType) => ({ agentName: name, jobType, deployment, version, permissions })),
  );
}
