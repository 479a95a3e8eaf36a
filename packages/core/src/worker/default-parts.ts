import { OpenRtcError } from '../base/errors.js';
import type { IsolationStrategy } from '../launch/isolation-strategy.js';
import type { SharedModels } from '../session/shared-models.js';
import { importOptional, locateOptional } from './resolve-from-entry.js';

const DEFAULT_ISOLATION = '@openrtc/isolation-coroutine';

/**
 * Loads the default isolation strategy, `@openrtc/isolation-coroutine`.
 * @param entry - path of the user's entry file, from which the package is resolved first
 * @throws OpenRtcError `CONFIG_NO_ISOLATION` when it is not installed, with the command that installs it
 */
export async function defaultIsolation(entry: string | undefined): Promise<IsolationStrategy> {
  const module = await importOptional(DEFAULT_ISOLATION, entry);
  const coroutine = module?.['coroutine'];
  if (typeof coroutine !== 'function') throw noIsolation();
  return (coroutine as () => IsolationStrategy)();
}

/**
 * Checks that {@link defaultIsolation} is installed.
 * @throws OpenRtcError `CONFIG_NO_ISOLATION`
 */
export function checkDefaultIsolation(entry: string | undefined): void {
  if (locateOptional(DEFAULT_ISOLATION, entry) === undefined) throw noIsolation();
}

function noIsolation(): OpenRtcError {
  return new OpenRtcError(
    'CONFIG_NO_ISOLATION',
    `No isolation strategy is given and the default one is not installed: npm install ${DEFAULT_ISOLATION}, or pass the pool option isolation.`,
  );
}

/** Loads the default models, those of `@openrtc/prewarm`. Undefined when it is not installed. */
export async function defaultModels(entry: string | undefined): Promise<SharedModels | undefined> {
  const module = await importOptional('@openrtc/prewarm', entry);
  const models = module?.['models'];
  return typeof models === 'function' ? (models as () => SharedModels)() : undefined;
}
