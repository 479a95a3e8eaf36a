import type { Logger } from '../base/logger.js';
import { printable } from '../base/printable.js';
import { currentCall } from './current-call.js';
import { symbolOf } from './redacted-logs.js';
import { type ProcessPatch, type UndoPatch, nothingToUndo } from './sdk-patch.js';

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

/** The logger as it was before {@link callFieldsPatch}. */
export function withoutCallFields(logger: Logger): Logger {
  return originals.get(logger) ?? logger;
}

export const callFieldsPatch: ProcessPatch = {
  scope: 'process',
  name: 'call-log-fields',
  why: 'With many calls in a process, a line of the SDK does not say which call it is about.',
  versions: '@livekit/agents 1.9 with pino 8 to 10',
  apply: addCallFields,
};

/** Adds job, agent, tenant and room of the call to every line of the SDK. */
function addCallFields(poolLogger: Logger): UndoPatch {
  const logger = globals[LOGGER];
  if (logger === undefined || originals.has(logger)) return nothingToUndo;
  const mixinKey = symbolOf(logger, 'pino.mixin');
  if (mixinKey === undefined) {
    poolLogger.debug(
      {},
      'the logger of @livekit/agents is not a pino: its lines will not name calls',
    );
    return nothingToUndo;
  }
  const own = Reflect.get(logger, mixinKey) as Mixin | undefined;
  const mixin: Mixin = (...args) => ({ ...fieldsFor(args[2]), ...own?.(...args) });
  // What pino's child() does, but for a level of its own: a later change of the original's counts.
  const derived = Object.create(logger, { [mixinKey]: { value: mixin } }) as Logger;
  originals.set(derived, logger);
  globals[LOGGER] = derived;
  return () => {
    // Its owner may have set up another one meanwhile.
    if (globals[LOGGER] === derived) globals[LOGGER] = logger;
  };
}

/** Fields the line has already, as a child logger of the call has them, are left out. */
function fieldsFor(logger: unknown): object {
  const call = currentCall();
  if (call === undefined) return {};
  const { jobId, agent, tenant, room } = call;
  const fields = { jobId, agent, tenant, room: printable(room) };
  const bound = (logger as Pino | undefined)?.bindings() ?? {};
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !(name in bound)));
}
