import { llm, stt, tts, VAD } from '@livekit/agents';

import { isClass, isRecord, kindOf } from '../base/kind-of.js';
import { invalidOption } from '../base/option-checks.js';

/** The places of a session that take a provider. */
export type ProviderSlot = 'stt' | 'llm' | 'tts' | 'vad';

// The SDK tests with `instanceof`, and ignores what is of no class it knows: the call would be mute.
const SLOTS = {
  stt: { expected: 'an stt.STT', classes: [stt.STT] },
  llm: {
    expected: 'an llm.LLM, llm.RealtimeModel or llm.DuplexModel',
    classes: [llm.LLM, llm.RealtimeModel, llm.DuplexModel],
  },
  tts: { expected: 'a tts.TTS', classes: [tts.TTS] },
  vad: { expected: 'a VAD', classes: [VAD] },
} as const;

const CLASS_NAMES: ReadonlySet<string> = new Set([
  'STT',
  'LLM',
  'RealtimeModel',
  'DuplexModel',
  'TTS',
  'VAD',
]);

/** A provider that does not fit its slot, for the end of an error message. */
export interface Misfit {
  /** What the slot takes, such as `a tts.TTS or a model string`. */
  readonly expected: string;
  /** What came instead, such as `EchoLLM (class LLM)`. */
  readonly got: string;
}

/** Checks a ready provider. Undefined when it fits its slot. */
export function misfit(slot: ProviderSlot, value: unknown): Misfit | undefined {
  const { expected, classes } = SLOTS[slot];
  if (classes.some((each) => value instanceof each)) return undefined;
  if (slot === 'vad') return { expected, got: describe(value) };
  if (typeof value === 'string' && value.trim() !== '') return undefined;
  return { expected: `${expected}, a model string`, got: describe(value) };
}

/**
 * The first of the ready providers that does not fit its slot. One that is not set, or is null, fits.
 * @param owner - an agent, or options of one
 */
export function misfitOf(
  owner: Readonly<Partial<Record<ProviderSlot, unknown>>>,
): (Misfit & { readonly slot: ProviderSlot }) | undefined {
  for (const slot of Object.keys(SLOTS) as ProviderSlot[]) {
    const value = owner[slot];
    const wrong = value === undefined || value === null ? undefined : misfit(slot, value);
    if (wrong !== undefined) return { slot, ...wrong };
  }
  return undefined;
}

/**
 * Checks a provider as options have it: a model string, a ready object, a factory, or null.
 * @param name - the name of the option, such as `session.llm`
 * @throws CONFIG_INVALID_OPTION
 */
export function checkProvider(
  where: string,
  name: string,
  slot: ProviderSlot,
  value: unknown,
): void {
  if (value === undefined || value === null) return;
  if (typeof value === 'function' && slot !== 'vad') {
    if (!isClass(value)) return;
    throw invalidOption(
      where,
      `${name} is the class ${value.name}; pass an instance, or a factory: () => new ${value.name}(…)`,
    );
  }
  const wrong = misfit(slot, value);
  if (wrong === undefined) return;
  const { expected, got } = wrong;
  const rest = slot === 'vad' ? 'or null' : 'a factory, or null';
  throw invalidOption(where, `${name} must be ${expected}, ${rest}, got ${got}`);
}

function describe(value: unknown): string {
  if (typeof value === 'string' && value.trim() === '') return 'a blank string';
  if (!isRecord(value)) return kindOf(value);
  const names = classNames(value);
  const base = names.find((name) => CLASS_NAMES.has(name));
  const [own = 'Object'] = names;
  if (base === undefined)
    return own === 'Object' ? 'an object of no class' : `an object of class ${own}`;
  const known = Object.values(SLOTS).some(({ classes }) =>
    classes.some((each) => value instanceof each),
  );
  const copy = known
    ? ''
    : ' of another copy of @livekit/agents: `npm ls @livekit/agents` must show one';
  return `${own} (class ${base}${copy})`;
}

function classNames(value: object): readonly string[] {
  const names: string[] = [];
  for (
    let proto: unknown = Object.getPrototypeOf(value);
    typeof proto === 'object' && proto !== null;
    proto = Object.getPrototypeOf(proto)
  ) {
    const { constructor } = proto;
    if (typeof constructor === 'function' && constructor.name !== '') names.push(constructor.name);
  }
  return names;
}
