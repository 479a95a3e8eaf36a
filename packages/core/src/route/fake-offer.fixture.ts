import { Job } from '@livekit/protocol';

import { type JobOffer, toJobOffer } from '../call/job-offer.js';
import type { AgentNames } from '../agents/agent-names.js';

/** An offer for tests. Metadata objects become JSON; strings stay as they are. */
export function fakeOffer(
  options: { room?: string; job?: unknown; roomMetadata?: unknown; agentName?: string } = {},
): JobOffer {
  return toJobOffer(
    new Job({
      id: 'AJ_test',
      metadata: textOf(options.job),
      agentName: options.agentName ?? '',
      room: { name: options.room ?? 'lobby', metadata: textOf(options.roomMetadata) },
    }),
  );
}

/** Registered names for tests. */
export function fakeAgents(...names: readonly string[]): AgentNames {
  return { has: (name) => names.includes(name), names: () => names };
}

function textOf(metadata: unknown): string {
  if (metadata === undefined) return '';
  return typeof metadata === 'string' ? metadata : JSON.stringify(metadata);
}
