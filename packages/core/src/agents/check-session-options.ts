import { isRecord, kindOf } from '../base/kind-of.js';
import { didYouMean } from '../base/nearest.js';
import { checkRecord, invalidOption } from '../base/option-checks.js';
import { printable } from '../base/printable.js';
import { checkProvider } from './check-provider.js';
import {
  ROOM_INPUT_KEYS,
  ROOM_OUTPUT_KEYS,
  SESSION_KEYS,
  TURN_HANDLING_KEYS,
  TURN_HANDLING_PARTS,
} from './session-keys.js';

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

/** Names that belong in `session`, for hints: the options of `AgentSession` that are not options of an agent too. */
export const SESSION_HINTS: readonly string[] = [
  ...SESSION_KEYS.filter((key) => !(PROVIDER_KEYS as readonly string[]).includes(key)),
  ...REPLACED.keys(),
];

/**
 * Checks the options for the `AgentSession`. Unknown options are accepted, because a newer SDK may know them, unless
 * their name is close to that of a known one.
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
      'session.userData would be shared by all calls; use userData: (call) => ({ … }), or return the user data of each call from setup()',
    );
  }
  checkTypos(`${where}: session`, session, SESSION_KEYS);
  for (const key of [...PROVIDER_KEYS, 'vad'] as const)
    checkProvider(where, `session.${key}`, key, session[key]);
  checkTurnHandling(where, session.turnHandling);
}

/** Checks the options for the room of the session, `roomInput` and `roomOutput`. */
export function checkRoomOptions(
  where: string,
  { roomInput, roomOutput }: Readonly<Record<string, unknown>>,
): void {
  checkRecord(where, 'roomInput', roomInput);
  if (isRecord(roomInput)) {
    checkTypos(`${where}: roomInput`, roomInput, ROOM_INPUT_KEYS);
    const { noiseCancellation } = roomInput;
    if (
      noiseCancellation !== null &&
      !['undefined', 'object', 'function'].includes(typeof noiseCancellation)
    )
      throw invalidOption(
        where,
        `roomInput.noiseCancellation must be what the plugin returns, or a function that returns it for each call, got ${kindOf(noiseCancellation)}`,
      );
  }
  checkRecord(where, 'roomOutput', roomOutput);
  if (isRecord(roomOutput)) checkTypos(`${where}: roomOutput`, roomOutput, ROOM_OUTPUT_KEYS);
}

/** Refuses a key that is nearly a known one. Other unknown keys may be of a newer SDK. */
export function checkTypos(where: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    const hint = known.includes(key) ? '' : didYouMean(key, known);
    if (hint !== '') throw invalidOption(where, `unknown option "${printable(key)}"${hint}`);
  }
}

function checkTurnHandling(where: string, turnHandling: unknown): void {
  const name = 'session.turnHandling';
  checkRecord(where, name, turnHandling);
  if (!isRecord(turnHandling)) return;
  checkTypos(`${where}: ${name}`, turnHandling, TURN_HANDLING_KEYS);
  for (const [part, keys] of Object.entries(TURN_HANDLING_PARTS)) {
    const options = turnHandling[part];
    checkRecord(where, `${name}.${part}`, options);
    if (isRecord(options)) checkTypos(`${where}: ${name}.${part}`, options, keys);
  }
}
