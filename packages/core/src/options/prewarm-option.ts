import type { JobProcess } from '@livekit/agents';

import { isRecord, kindOf } from '../base/kind-of.js';
import { invalidOption } from '../base/option-checks.js';
import { printable } from '../base/printable.js';
import { WHERE } from './object-options.js';

/** Loads the values that calls share, and puts them into `proc.userData` itself. */
export type PrewarmFunction = (proc: JobProcess, signal: AbortSignal) => void | Promise<void>;

/** Loaders of the values that calls share: the result of `menu` is `call.prewarmed.menu` and `ctx.proc.userData.menu`. */
export type PrewarmLoaders<Prewarmed extends object> = {
  readonly [Name in keyof Prewarmed]: (
    signal: AbortSignal,
  ) => Prewarmed[Name] | Promise<Prewarmed[Name]>;
};

/**
 * Checks the option `prewarm`.
 * @throws CONFIG_INVALID_OPTION
 */
export function checkPrewarm(prewarm: unknown): void {
  if (prewarm === undefined || typeof prewarm === 'function') return;
  // A promise has no loaders: its function was called instead of passed.
  if (!isRecord(prewarm)) {
    throw invalidOption(
      WHERE,
      `prewarm must be a function, or an object of loaders such as { menu: () => loadMenu() }, got ${kindOf(prewarm)}`,
    );
  }
  for (const [name, load] of Object.entries(prewarm)) {
    if (typeof load === 'function') continue;
    throw invalidOption(
      WHERE,
      `prewarm.${printable(name)} must be a function that loads it, got ${kindOf(load)}`,
    );
  }
}
