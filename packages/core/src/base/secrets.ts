import { redactor } from './redact.js';

const given = new Set<string>();
let redact: ((text: string) => string) | undefined;

/** Values that nothing may tell from now on, besides those of the environment: keys that were given as options. */
export function keepSecret(secrets: readonly (string | undefined)[]): void {
  for (const secret of secrets) if (secret !== undefined) given.add(secret);
  // Also what the environment has got in the meantime, out of a file of the user's.
  redact = redactor(process.env, [...given]);
}

/** A text as it may leave this process. */
export function withoutSecrets(text: string): string {
  redact ??= redactor(process.env, [...given]);
  return redact(text);
}
