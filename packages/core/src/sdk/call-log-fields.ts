import type { Logger } from '../base/logger.js';
import { printable } from '../base/printable.js';
import { currentCall } from './current-call.js';
import { symbolOf } from './redacted-logs.js';
import { type ProcessPatch, type UndoPatch, nothingToUndo } from './sdk-patch.js';

/*
 * The SDK has one logger for the process, and its lines do not say which call they belong to. While a pool runs, this
 * logger is replaced with one that inherits everything from it (destination, level, format) and adds the fields of the
 * call to each line. OpenRTC's own lines name their call themselves and are written by the original.
 */

type Mixin = (...args: unknown[]) => object;
type Pino = Logger & { bindings(): object };

const LOGGER = Symbol.for('@livekit/agents:logger');
const globals = globalThis as { [LOGGER]?: Logger };

const originals = new WeakMap<Logger, Logger>();

/** The original of a logger that {@link callFieldsPatch} has replaced; any other logger is returned unchanged. */
export function withoutCallFields(logger: Logger): Logger {
  return originals.get(logger) ?? logger;
}

/** Adds the fields of the call to the log lines of the SDK. */
export const callFieldsPatch: ProcessPatch = {
  scope: 'process',
  name: 'call-log-fields',
  why: 'With many calls in a process, a log line of the SDK does not say which call it belongs to.',
  versions: '@livekit/agents 1.9 with pino 8 to 10',
  apply: addCallFields,
};

/** Adds job, agent, tenant and room of the call to every log line of the SDK. */
function addCallFields(poolLogger: Logger): UndoPatch {
  const lost = 'its lines will not name their call';
  return deriveSdkLogger(poolLogger, lost, (logger, mixinKey) => {
    const own = Reflect.get(logger, mixinKey) as Mixin | undefined;
    const mixin: Mixin = (...args) => ({ ...fieldsFor(args[2]), ...own?.(...args) });
    return { [mixinKey]: { value: mixin } };
  });
}

/**
 * Replaces the SDK's logger with one that inherits everything from it but `changes`, as pino's `child()` does, but
 * without a level of its own, so that a later change of the original's level counts. A logger that is not a pino logger
 * is left unchanged.
 * @param lost - what is missing then, for the log of the pool
 */
export function deriveSdkLogger(
  poolLogger: Logger,
  lost: string,
  changes: (logger: Logger, mixinKey: symbol) => PropertyDescriptorMap,
): UndoPatch {
  const logger = globals[LOGGER];
  if (logger === undefined) return nothingToUndo;
  const mixinKey = symbolOf(logger, 'pino.mixin');
  if (mixinKey === undefined) {
    poolLogger.debug({}, `the logger of @livekit/agents is not a pino logger: ${lost}`);
    return nothingToUndo;
  }
  const derived = Object.create(logger, changes(logger, mixinKey)) as Logger;
  originals.set(derived, withoutCallFields(logger));
  globals[LOGGER] = derived;
  return () => {
    // Someone may have set up another logger meanwhile.
    if (globals[LOGGER] === derived) globals[LOGGER] = logger;
  };
}

/** The fields of the current call, except those that the logger has already, as a child logger of the call does. */
function fieldsFor(logger: unknown): object {
  const call = currentCall();
  if (call === undefined) return {};
  const { jobId, agent, tenant, room } = call;
  const fields = { jobId, agent, tenant, room: printable(room) };
  const bound = (logger as Pino | undefined)?.bindings() ?? {};
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !(name in bound)));
}
