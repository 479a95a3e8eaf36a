import type { Logger } from '../base/logger.js';
import { printable } from '../base/printable.js';
import { currentCall } from './current-call.js';
import { symbolOf } from './redacted-logs.js';

/*
 * The SDK has one logger for the process, and its lines do not say which call they are about. While a pool
 * runs, the SDK finds one in its place that inherits everything (destination, level, format) from it and
 * adds the call's fields to each line. OpenRTC's own lines name their call themselves and go to the
 * original.
 */

type Mixin = (...args: unknown[]) => object;
type Pino = Logger & { bindings(): object };

const LOGGER = Symbol.for('@livekit/agents:logger');
const globals = globalThis as { [LOGGER]?: Logger };

const originals = new WeakMap<Logger, Logger>();
let users = 0;

/** The logger as it was before {@link addCallFields}. */
export function withoutCallFields(logger: Logger): Logger {
  return originals.get(logger) ?? logger;
}

/** Lets every line of the SDK say job, agent, tenant and room of the call it is about. */
export function addCallFields(poolLogger: Logger): void {
  users += 1;
  const logger = globals[LOGGER];
  if (logger === undefined || originals.has(logger)) return;
  const mixinKey = symbolOf(logger, 'pino.mixin');
  if (mixinKey === undefined) {
    poolLogger.debug({}, 'the logger of @livekit/agents is no pino: its lines will not name calls');
    return;
  }
  const own = Reflect.get(logger, mixinKey) as Mixin | undefined;
  const mixin: Mixin = (...args) => ({ ...fieldsFor(args[2]), ...own?.(...args) });
  // What pino's child() does, but for a level of its own: a later change of the original's counts.
  const derived = Object.create(logger, { [mixinKey]: { value: mixin } }) as Logger;
  originals.set(derived, logger);
  globals[LOGGER] = derived;
}

/** The last pool of the process gives the SDK its own logger back. */
export function removeCallFields(): void {
  if (users > 0) users -= 1;
  const original = globals[LOGGER] && originals.get(globals[LOGGER]);
  if (users === 0 && original !== undefined) globals[LOGGER] = original;
}

/** Fields the line has already, as a child logger of the call has them, are left out. */
function fieldsFor(logger: unknown): object {
  const call = currentCall();
  if (call === undefined) return {};
  const { jobId, agent, tenant } = call;
  const fields = { jobId, agent, tenant, room: printable(call.ctx.job.room?.name ?? '') };
  const bound = (logger as Pino | undefined)?.bindings() ?? {};
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !(name in bound)));
}
