import { VAD, inference, llm, stt, tts } from '@livekit/agents';

/** A class of the SDK, also an abstract one. */
export interface ProviderBase {
  readonly prototype: object;
}

/** The base classes of everything that a session uses and that emits events. A realtime model emits none. */
export const PROVIDER_BASES: readonly ProviderBase[] = [
  stt.STT,
  llm.LLM,
  tts.TTS,
  VAD,
  // The base class of turn detectors, which the SDK does not export.
  Object.getPrototypeOf(inference.TurnDetector) as ProviderBase,
];

/** The name of the class of an object, for logs. */
export function classNameOf(object: object): string {
  const { constructor } = object as { readonly constructor?: { readonly name?: unknown } };
  const name = constructor?.name;
  return typeof name === 'string' && name !== '' ? name : 'provider';
}
