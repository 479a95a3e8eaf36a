import { isRecord } from '../base/kind-of.js';
import { checkProvider, checkRecord, invalidOption } from '../base/option-checks.js';

// Options that AgentSession had at its top level, or in voiceOptions, before `turnHandling`. It logs a warning for
// some of them and ignores the others silently.
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
    'session: { turnHandling } for options about turns, and session: { maxToolSteps, userAwayTimeout } for the rest',
  ],
]);

/** The options that are providers. */
export const PROVIDER_KEYS = ['stt', 'llm', 'tts'] as const;

/**
 * The options of `AgentSession` in SDK 1.9 that are not options of an agent too. Only for hints in error messages: a
 * newer SDK may have more.
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
 * Checks the options for the `AgentSession`. Unknown options are accepted: a newer SDK may know them.
 * @throws CONFIG_INVALID_OPTION, for a deprecated option with its replacement.
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
      "session.userData would be shared by all calls; return the user data of each call from the pool's setup()",
    );
  }
  for (const key of PROVIDER_KEYS) checkProvider(where, `session.${key}`, session[key]);
}
