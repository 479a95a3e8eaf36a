import type { metrics } from '@livekit/agents';

import { printable } from '../base/printable.js';

/** What a call has used of one provider so far, as the SDK counts it; 0 where it does not. */
export interface ProviderUsage {
  readonly kind: 'llm' | 'stt' | 'tts';
  /** As the plugin names itself; may be empty. */
  readonly provider: string;
  readonly model: string;
  readonly inputTokens: number;
  /** Those of `inputTokens` that the provider had in its cache. */
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  /** Characters spoken (TTS). */
  readonly characters: number;
  /** Audio heard (STT) or spoken (TTS). */
  readonly audioSeconds: number;
}

const KINDS = { llm_usage: 'llm', stt_usage: 'stt', tts_usage: 'tts' } as const;
// A call that changes its model at every turn is not worth a longer list.
export const MOST_PROVIDERS = 32;

/** The usage the SDK reports, as plain data of our own. Kinds that cost nothing are left out. */
export function toProviderUsage(
  usage: readonly Partial<metrics.ModelUsage>[],
): readonly ProviderUsage[] {
  const known = usage.flatMap((each): readonly ProviderUsage[] => {
    const kind = Object.hasOwn(KINDS, each.type ?? '')
      ? KINDS[each.type as keyof typeof KINDS]
      : undefined;
    if (kind === undefined) return [];
    const fields = each as Readonly<Record<string, unknown>>;
    return [
      {
        kind,
        provider: printable(String(fields['provider'] ?? '')),
        model: printable(String(fields['model'] ?? '')),
        inputTokens: amount(fields['inputTokens']),
        cachedInputTokens: amount(fields['inputCachedTokens']),
        outputTokens: amount(fields['outputTokens']),
        characters: amount(fields['charactersCount']),
        audioSeconds: amount(fields['audioDurationMs']) / 1_000,
      },
    ];
  });
  return known.slice(0, MOST_PROVIDERS);
}

/** True for what another process may say a call of it has used. */
export function isProviderUsage(value: unknown): value is ProviderUsage {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  return (
    Object.values(KINDS).some((kind) => kind === fields['kind']) &&
    ['provider', 'model'].every(
      (name) => typeof fields[name] === 'string' && fields[name].length <= 128,
    ) &&
    ['inputTokens', 'cachedInputTokens', 'outputTokens', 'characters', 'audioSeconds'].every(
      (name) => typeof fields[name] === 'number' && fields[name] >= 0 && fields[name] < 2 ** 53,
    )
  );
}

// A plugin may report anything, and one NaN would make every later sum one.
function amount(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}
