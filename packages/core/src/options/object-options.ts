import { checkHosts, type LiveKitOptions } from '../link/livekit-endpoint.js';
import type { Logger } from '../base/logger.js';
import type { SessionObserver } from '../settle/session-observer.js';
import { isPlainObject, isRecord, kindOf } from '../base/kind-of.js';
import { didYouMean } from '../base/nearest.js';
import { checkKeys, invalidOption } from '../base/option-checks.js';
import { printable } from '../base/printable.js';

// Options that are objects of other code: they must have the methods that the pool calls. All functions throw
// CONFIG_INVALID_OPTION, and accept `undefined`, which means that the option was not given.

/** The beginning of error messages about options of a pool. */
export const WHERE = 'AgentPool';
const LEVELS = [
  'debug',
  'info',
  'warn',
  'error',
  'child',
] as const satisfies readonly (keyof Logger)[];
const LIVEKIT_TEXTS = [
  'url',
  'apiKey',
  'apiSecret',
  'workerToken',
] as const satisfies readonly (keyof LiveKitOptions)[];
const HOOKS = Object.keys({
  onSessionStart: true,
  onSessionEnd: true,
  onProviderError: true,
  onTurn: true,
  onMemoryWarning: true,
  onCodeChange: true,
  onBreakerChange: true,
  onReload: true,
} satisfies Record<keyof SessionObserver, true>);

/** Observers must have at least one hook each. */
export function checkObservers(observers: unknown): void {
  if (observers === undefined) return;
  if (!Array.isArray(observers))
    throw invalidOption(
      WHERE,
      `observers must be an array, such as [{ onSessionEnd: (info, outcome) => {} }], got ${kindOf(observers)}`,
    );
  for (const [index, observer] of observers.entries()) {
    const given = Object(observer) as Record<string, unknown>;
    const hooks = HOOKS.map((hook) => given[hook]).filter((hook) => hook !== undefined);
    if (hooks.length === 0)
      throw invalidOption(WHERE, `observers[${index}] has none of ${HOOKS.join(', ')}`);
    if (hooks.some((hook) => typeof hook !== 'function'))
      throw invalidOption(WHERE, `observers[${index}]: ${HOOKS.join(', ')} must be functions`);
    checkHookNames(index, given);
  }
}

/** An observer may have members of its own, but none whose name is nearly that of a hook: it would never be called. */
function checkHookNames(index: number, observer: object): void {
  for (const name of Object.keys(observer)) {
    if (!name.startsWith('on') || (HOOKS as readonly string[]).includes(name)) continue;
    const hint = didYouMean(name, HOOKS);
    if (hint !== '')
      throw invalidOption(WHERE, `observers[${index}]: unknown hook "${printable(name)}"${hint}`);
  }
}

/** The isolation must be a strategy. */
export function checkIsolation(isolation: unknown): void {
  if (isolation === undefined) return;
  // The function `coroutine`, given without calling it, has a name too, but no open().
  const { open, name } = Object(isolation) as Record<string, unknown>;
  if (typeof open !== 'function' || typeof name !== 'string' || name.trim() === '')
    throw invalidOption(
      WHERE,
      'isolation must be a strategy, such as coroutine() of @openrtc/isolation-coroutine',
    );
}

/** Missing values are found at the start, because the environment may have them. Messages never contain the values. */
export function checkLiveKit(livekit: unknown): void {
  if (livekit === undefined) return;
  if (!isRecord(livekit))
    throw invalidOption(
      WHERE,
      `livekit must be an object { url, apiKey, apiSecret }, got ${kindOf(livekit)}`,
    );
  // An instance of a class, such as an embedded endpoint, may have more keys.
  if (isPlainObject(livekit))
    checkKeys(`${WHERE}: livekit`, livekit, [...LIVEKIT_TEXTS, 'allowedHosts']);
  for (const key of LIVEKIT_TEXTS) {
    const value = livekit[key];
    if (value !== undefined && typeof value !== 'string')
      throw invalidOption(WHERE, `livekit.${key} must be a string, got ${kindOf(value)}`);
  }
  checkHosts(livekit['allowedHosts']);
}

/** The logger must have all methods of {@link Logger}. */
export function checkLogger(logger: unknown): void {
  if (logger === undefined) return;
  const missing = LEVELS.filter((level) => !canCall(logger, level));
  if (missing.length > 0)
    throw invalidOption(
      WHERE,
      `logger must have the methods ${LEVELS.join(', ')}, as a pino logger has; got ${kindOf(logger)} without ${missing.join(', ')}`,
    );
}

/** The models must have the methods of `SharedModels`, or be null. */
export function checkModels(models: unknown): void {
  if (models === undefined || models === null) return;
  const { executor, vad } = Object(models) as Record<string, unknown>;
  const fits =
    canCall(models, 'load') &&
    (vad === undefined || canCall(models, 'vad')) &&
    canCall(models, Symbol.asyncDispose) &&
    canCall(executor, 'doInference');
  if (!fits)
    throw invalidOption(
      WHERE,
      `models must be what models() of @openrtc/prewarm returns, or null for none, got ${kindOf(models)}`,
    );
}

function canCall(owner: unknown, key: string | symbol): boolean {
  return typeof Reflect.get(Object(owner) as object, key) === 'function';
}
