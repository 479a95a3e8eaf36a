import { redactor } from '@openrtc/core/operate';

import { exitCode, exitCodeOf } from './exit-code.js';
import { type Host, writeMessage } from './host.js';
import { withoutControls } from './terminal-text.js';
import { UsageError, UserCodeError } from './usage-error.js';

const BRAND = Symbol.for('@openrtc/core:error');

/**
 * Writes the error to stderr, in one line if it is an expected one, and returns the exit code.
 * @param secrets - values to remove from it, in addition to those of the environment
 */
export function reportError(
  error: unknown,
  host: Host,
  secrets: readonly (string | undefined)[] = [],
): number {
  const { message, code } = describe(error);
  writeMessage(host, redactor(host.env, secrets)(message));
  return code;
}

function describe(error: unknown): { message: string; code: number } {
  if (error instanceof UsageError) return { message: byLines(error.message), code: exitCode.usage };
  if (error instanceof UserCodeError)
    return { message: byLines(error.message), code: exitCode.failed };
  const code = codeOf(error);
  if (code !== undefined && error instanceof Error)
    return { message: `${byLines(error.message)} [${code}]`, code: exitCodeOf(code) };
  // An unexpected error: its stack helps to find the cause.
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { message: `unexpected: ${stack}`, code: exitCode.bug };
}

/** The code of an OpenRTC error of any installed copy; undefined for other values. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !(BRAND in error)) return undefined;
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The text without characters that control the terminal. A discovery error has one line per file; these line ends are kept. */
export function byLines(text: string): string {
  return text.split('\n').map(withoutControls).join('\n');
}
