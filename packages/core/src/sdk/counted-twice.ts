import { llm, tts } from '@livekit/agents';

/*
 * Adapters of the SDK 1.9 count what they pass on once more. A fallback adapter forwards the metrics of the provider that
 * has done the work, and its own stream reports the same tokens, characters and audio. A stream adapter reports in the name
 * of the TTS inside, which has reported each sentence. STT adapters do not; the SDK says why in its `monitorMetrics()`.
 */

const reported = new WeakSet<object>();

/** True for metrics that `provider` emits and that count what other metrics have counted, or will. */
export function isCountedTwice(provider: object, metrics: unknown): boolean {
  if (typeof metrics !== 'object' || metrics === null) return false;
  const isForwarded = reported.has(metrics);
  reported.add(metrics);
  if (isForwarded) return false;
  if (provider instanceof llm.FallbackAdapter || provider instanceof tts.FallbackAdapter)
    return true;
  // It cannot stream: the adapter around it has.
  return (
    provider instanceof tts.TTS &&
    !provider.capabilities.streaming &&
    'streamed' in metrics &&
    metrics.streamed === true
  );
}
