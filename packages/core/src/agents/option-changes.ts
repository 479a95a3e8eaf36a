import { isDeepStrictEqual } from 'node:util';

import type { AgentConfig } from './agent-options.js';

type Option = Exclude<keyof AgentConfig, 'name' | 'revision' | 'agent' | 'sourcePath'>;
type NamedModels = Partial<Record<'stt' | 'llm' | 'tts', string>>;

// A new option does not compile until it has a row.
const OPTIONS = Object.keys({
  stt: true,
  llm: true,
  tts: true,
  greeting: true,
  session: true,
  roomInput: true,
  roomOutput: true,
  record: true,
  setup: true,
  userData: true,
} satisfies Record<Option, true>) as readonly Option[];

/** The options of an agent that differ in its new code and that only later calls get, in their order. */
export function optionsOfLaterCalls(before: AgentConfig, next: AgentConfig): readonly Option[] {
  const live: object = namedModels(before, next);
  return OPTIONS.filter((option) => !(option in live) && !isSame(before[option], next[option]));
}

/** The models that the new code names by another string: live calls can change to them. */
export function namedModels(before: AgentConfig, next: AgentConfig): NamedModels {
  const models: Record<string, string> = {};
  for (const kind of ['stt', 'llm', 'tts'] as const) {
    const model = next[kind];
    if (typeof model === 'string' && model !== before[kind]) models[kind] = model;
  }
  return models;
}

/** Functions are compared by their text: each evaluation of a module makes others. */
function isSame(one: unknown, other: unknown): boolean {
  if (typeof one === 'function' && typeof other === 'function')
    return String(one) === String(other);
  if (!isPlain(one) || !isPlain(other))
    return isDeepStrictEqual(one, other) || isInstance(one, other);
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => isSame(one[key], other[key]));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}

/** Two objects of one class, such as a provider that the module constructs: what is in them cannot be compared. */
function isInstance(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return false;
  const { constructor } = one;
  return constructor === other.constructor && constructor !== Object && constructor !== Array;
}
