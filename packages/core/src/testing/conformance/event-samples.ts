import type { SessionEvent } from '../../call/session-event.js';

/** The kinds of events that a session reports while it runs. `memory` comes from the strategy itself. */
export type SampledKind = Exclude<SessionEvent['kind'], 'joined' | 'ending' | 'memory'>;

/** An event of each kind, as a session may report it. A new kind of event does not compile until it has one. */
const eventSamples: {
  readonly [Kind in SampledKind]: (jobId: string) => Extract<SessionEvent, { kind: Kind }>;
} = {
  fault: (jobId) => ({
    kind: 'fault',
    jobId,
    fault: 'tool',
    name: 'weather',
    error: {
      code: 'INTERNAL',
      message: 'no forecast',
      stack: 'Error: no forecast\n    at weather',
    },
  }),
  provider_error: (jobId) => ({
    kind: 'provider_error',
    jobId,
    error: {
      kind: 'llm',
      label: 'sample.LLM',
      code: '429',
      recoverable: true,
      message: 'too many requests',
    },
  }),
  turn: (jobId) => ({
    kind: 'turn',
    jobId,
    turn: { state: 'answered', firstTokenMs: 320, responseMs: 910 },
  }),
  usage: (jobId) => ({
    kind: 'usage',
    jobId,
    usage: [
      {
        kind: 'llm',
        provider: 'sample',
        model: 'sample-1',
        inputTokens: 12,
        cachedInputTokens: 3,
        cacheWriteTokens: 1,
        inputAudioTokens: 4,
        cachedInputAudioTokens: 2,
        inputImageTokens: 0,
        cachedInputImageTokens: 0,
        outputTokens: 7,
        outputAudioTokens: 5,
        characters: 0,
        audioDurationMs: 0,
        connectedMs: 0,
      },
    ],
  }),
  blocked: (jobId) => ({
    kind: 'blocked',
    jobId,
    block: {
      startedAt: 1_764_000_000_000,
      durationMs: 813,
      cause: 'code',
      stack: [{ function: 'spin', file: 'file:///app/sales.js', line: 12 }],
      culprit: { function: 'spin', file: 'file:///app/sales.js', line: 12 },
    },
  }),
  code: (jobId) => ({
    kind: 'code',
    jobId,
    generation: 3,
    result: 'undone',
    why: 'llmNode: no oven',
    error: { code: 'INTERNAL', message: 'no oven', stack: 'Error: no oven\n    at llmNode' },
  }),
};

/** All samples, in the order in which the agents of the suite report them. */
export function allSamples(jobId: string): readonly SessionEvent[] {
  return Object.values(eventSamples).map((sample) => sample(jobId));
}
