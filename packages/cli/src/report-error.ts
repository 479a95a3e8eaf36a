import { redactor } from '@openrtc/core/operate';

import { exitCode, exitCodeOf } from './exit-code.js';
import type { Host } from './host.js';
import { withoutControls } from './terminal-text.js';
import { UsageError, UserCodeError } from './usage-error.js';

const BRAND = Symbol.for('@openrtc/core:error');
/**
 * Says on stderr what went wrong, in one line where it is an error made for people, and returns the exit code.
 * @param secrets - values that must not be in it, besides those of the environment
 */
export function reportError(
  error: unknown,
  host: Host,
  secrets: readonly (string | undefined)[] = [],
): number {
  const { words, code } = describe(error);
  const clean = redactor(host.env, secrets)(words);
  host.stderr.write(`openrtc: ${clean}\n`);
  return code;
}

function describe(error: unknown): { words: string; code: number } {
  if (error instanceof UsageError) return { words: byLines(error.message), code: exitCode.usage };
  if (error instanceof UserCodeError)
    return { words: byLines(error.message), code: exitCode.failed };
  const code = codeOf(error);
  if (code !== undefined && error instanceof Error)
    return { words: `${byLines(error.message)} [${code}]`, code: exitCodeOf(code) };
  // Nobody foresaw it: where it comes from is all there is to go by.
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { words: `unexpected: ${stack}`, code: exitCode.bug };
}

/** The code of an error of OpenRTC, of whichever installed copy. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !(BRAND in error)) return undefined;
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

// A discovery error has a line for each file; those are ours.
function byLines(text: string): string {
  return text.split('\n').map(withoutControls).join('\n');
}
