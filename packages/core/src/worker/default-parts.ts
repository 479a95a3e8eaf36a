import { OpenRtcError } from '../base/errors.js';
import type { IsolationStrategy } from '../launch/isolation-strategy.js';
import type { SharedModels } from '../session/shared-models.js';
import { importOptional, locateOptional } from './optional-packages.js';

const DEFAULT_ISOLATION = '@openrtc/isolation-coroutine';

/**
 * Loads the default isolation strategy, `@openrtc/isolation-coroutine`.
 * @param places - files and folders from which the package is resolved, the first one first
 * @throws OpenRtcError `CONFIG_NO_ISOLATION` when it is not installed, with the command that installs it
 */
export async function defaultIsolation(places: readonly string[]): Promise<IsolationStrategy> {
  const module = await importOptional(DEFAULT_ISOLATION, places);
  const coroutine = module?.['coroutine'];
  if (typeof coroutine !== 'function') throw noIsolation();
  return (coroutine as () => IsolationStrategy)();
}

/**
 * Checks that {@link defaultIsolation} is installed.
 * @throws OpenRtcError `CONFIG_NO_ISOLATION`
 */
export function checkDefaultIsolation(places: readonly string[]): void {
  if (locateOptional(DEFAULT_ISOLATION, places) === undefined) throw noIsolation();
}

function noIsolation(): OpenRtcError {
  return new OpenRtcError(
    'CONFIG_NO_ISOLATION',
    `No isolation strategy is given and the default one is not installed: npm install ${DEFAULT_ISOLATION}, or pass the pool option isolation.`,
  );
}

/** Loads the default models, those of `@openrtc/prewarm`. Undefined when it is not installed. */
export async function defaultModels(places: readonly string[]): Promise<SharedModels | undefined> {
  const module = await importOptional('@openrtc/prewarm', places);
  const models = module?.['models'];
  return typeof models === 'function' ? (models as () => SharedModels)() : undefined;
}
