import { type ProviderUsage, usageFigures } from './provider-usage.js';

/** The usage of an LLM that has used nothing, but for what is given. */
export function used(given: Partial<ProviderUsage> = {}): ProviderUsage {
  const none = Object.fromEntries(usageFigures.map((figure) => [figure, 0]));
  return { kind: 'llm', provider: 'openai', model: 'small', ...none, ...given } as ProviderUsage;
}
