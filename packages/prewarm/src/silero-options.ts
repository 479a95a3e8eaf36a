import { OpenRtcError } from '@openrtc/core';
import { checkKeys } from '@openrtc/core/isolation';

/** Options of `@livekit/agents-plugin-silero`, with its defaults. Times are in milliseconds. */
export interface SileroOptions {
  /** Minimum duration of speech; anything shorter is ignored. Default: 50. */
  minSpeechDuration?: number;
  /** Minimum duration of a pause that ends speech. The SDK's turn detector needs at least 250. Default: 550. */
  minSilenceDuration?: number;
  /** How much audio from before the speech is kept. Default: 500. */
  prefixPaddingDuration?: number;
  /** How much audio of one speech is kept. The memory is allocated when the call's audio begins. Default: 60 000. */
  maxBufferedSpeech?: number;
  /** The probability above which audio counts as speech, 0 to 1. Default: 0.5. */
  activationThreshold?: number;
  /** Sample rate of the model, in Hz. Default: 16 000. */
  sampleRate?: 8000 | 16000;
}

const DEFAULTS: Readonly<Required<SileroOptions>> = {
  minSpeechDuration: 50,
  minSilenceDuration: 550,
  prefixPaddingDuration: 500,
  maxBufferedSpeech: 60_000,
  activationThreshold: 0.5,
  sampleRate: 16_000,
};

const CHECKS: Readonly<Record<keyof SileroOptions, [(value: unknown) => boolean, string]>> = {
  minSpeechDuration: [isDuration, 'milliseconds, 0 or more'],
  minSilenceDuration: [isDuration, 'milliseconds, 0 or more'],
  prefixPaddingDuration: [isDuration, 'milliseconds, 0 or more'],
  maxBufferedSpeech: [isDuration, 'milliseconds, 0 or more'],
  activationThreshold: [(value) => isDuration(value) && value <= 1, 'a number from 0 to 1'],
  sampleRate: [(value) => value === 8_000 || value === 16_000, '8000 or 16000'],
};

/**
 * Fills in the defaults.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`
 */
export function resolveSileroOptions(options: SileroOptions): Required<SileroOptions> {
  const resolved: Record<string, unknown> = { ...DEFAULTS };
  const given: unknown = options;
  checkKeys('silero()', given, Object.keys(DEFAULTS));
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || !isOption(name)) continue;
    const [fits, what] = CHECKS[name];
    if (!fits(value)) throw invalid(`silero({ ${name} }) must be ${what}, got ${String(value)}`);
    resolved[name] = value;
  }
  return resolved as Required<SileroOptions>;
}

function isOption(name: string): name is keyof SileroOptions {
  return Object.hasOwn(CHECKS, name);
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function invalid(message: string): OpenRtcError {
  return new OpenRtcError('CONFIG_INVALID_OPTION', message);
}
