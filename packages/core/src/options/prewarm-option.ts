import type { JobProcess } from '@livekit/agents';

import { isRecord, kindOf } from '../base/kind-of.js';
import { invalidOption } from '../base/option-checks.js';
import { printable } from '../base/printable.js';

/** Puts what calls share into `proc.userData` itself. */
export type PrewarmFunction = (proc: JobProcess, signal: AbortSignal) => void | Promise<void>;

/** Loads what calls share, by name: what `menu` returns is `call.prewarmed.menu` and `ctx.proc.userData.menu`. */
export type PrewarmLoaders<Prewarmed extends object> = {
  readonly [Name in keyof Prewarmed]: (
    signal: AbortSignal,
  ) => Prewarmed[Name] | Promise<Prewarmed[Name]>;
};

/** @throws CONFIG_INVALID_OPTION */
export function checkPrewarm(prewarm: unknown): void {
  if (prewarm === undefined || typeof prewarm === 'function') return;
  const where = 'AgentPool';
  // A promise is an object without loaders: whoever gives one has called what should be given.
  if (!isRecord(prewarm) || prewarm instanceof Promise) {
    const got = prewarm instanceof Promise ? 'a promise' : kindOf(prewarm);
    throw invalidOption(
      where,
      `prewarm must be a function, or an object of loaders such as { menu: () => loadMenu() }, got ${got}`,
    );
  }
  for (const [name, load] of Object.entries(prewarm)) {
    if (typeof load === 'function') continue;
    throw invalidOption(
      where,
      `prewarm.${printable(name)} must be a function that loads it, got ${kindOf(load)}`,
    );
  }
}
