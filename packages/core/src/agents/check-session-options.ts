import { isRecord } from '../base/kind-of.js';
import { checkProvider, checkRecord, invalidOption } from '../base/option-checks.js';

// What AgentSession took at its top level, or in voiceOptions, before `turnHandling`. It warns about
// some of these and drops the others without a word.
const REPLACED: ReadonlyMap<string, string> = new Map([
  ['turnDetection', 'session: { turnHandling: { turnDetection } }'],
  ['preemptiveGeneration', 'session: { turnHandling: { preemptiveGeneration: { enabled } } }'],
  ['allowInterruptions', 'session: { turnHandling: { interruption: { enabled } } }'],
  [
    'discardAudioIfUninterruptible',
    'session: { turnHandling: { interruption: { discardAudioIfUninterruptible } } }',
  ],
  ['minInterruptionDuration', 'session: { turnHandling: { interruption: { minDuration } } }'],
  ['minInterruptionWords', 'session: { turnHandling: { interruption: { minWords } } }'],
  [
    'falseInterruptionTimeout',
    'session: { turnHandling: { interruption: { falseInterruptionTimeout } } }',
  ],
  [
    'resumeFalseInterruption',
    'session: { turnHandling: { interruption: { resumeFalseInterruption } } }',
  ],
  ['minEndpointingDelay', 'session: { turnHandling: { endpointing: { minDelay } } }'],
  ['maxEndpointingDelay', 'session: { turnHandling: { endpointing: { maxDelay } } }'],
  [
    'voiceOptions',
    'session: { turnHandling } for what is about turns, session: { maxToolSteps, userAwayTimeout } for the rest',
  ],
]);

/**
 * `AgentSession` options of SDK 1.9 that are not agent options as well; for hints only, since the
 * SDK may learn more of them.
 */
export const SESSION_KEYS: readonly string[] = [
  'vad',
  'connOptions',
  'tools',
  'toolHandling',
  'maxToolSteps',
  'userAwayTimeout',
  'transcriptionTimeout',
  'aecWarmupDuration',
  'ttsReadIdleTimeout',
  'forwardAudioIdleTimeout',
  'turnHandling',
  'keytermsOptions',
  'useTtsAlignedTranscript',
  'ttsTextTransforms',
  'expressive',
  ...REPLACED.keys(),
];

/**
 * Checks the options passed to the `AgentSession`. Keys the SDK does not know are passed on.
 * @throws CONFIG_INVALID_OPTION naming the replacement of a deprecated one.
 */
export function checkSessionOptions(where: string, session: unknown): void {
  checkRecord(where, 'session', session);
  if (!isRecord(session)) return;
  for (const [key, value] of Object.entries(session)) {
    const replacement = REPLACED.get(key);
    if (replacement !== undefined && value !== undefined) {
      throw invalidOption(
        where,
        `session.${key} is deprecated by @livekit/agents; use ${replacement}`,
      );
    }
  }
  if (session.userData !== undefined) {
    throw invalidOption(
      where,
      "session.userData would be shared by every call; return each call's own from the pool's setup()",
    );
  }
  for (const key of ['stt', 'llm', 'tts']) checkProvider(where, `session.${key}`, session[key]);
}
