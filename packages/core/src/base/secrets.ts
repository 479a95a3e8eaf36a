import { redactor } from './redact.js';

const given = new Set<string>();
let redact: ((text: string) => string) | undefined;

/** Adds values that {@link withoutSecrets} removes from now on, such as API keys that were given as options. */
export function keepSecret(secrets: readonly (string | undefined)[]): void {
  for (const secret of secrets) if (secret !== undefined) given.add(secret);
  // Created again to include variables that were set since, for example from an .env file.
  redact = redactor(process.env, [...given]);
}

/** A text without secrets, for logs, metrics and LiveKit. See {@link redactor}. */
export function withoutSecrets(text: string): string {
  redact ??= redactor(process.env, [...given]);
  return redact(text);
}
