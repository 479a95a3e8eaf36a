import { toPlainError } from './errors.js';
import { isThenable } from './is-thenable.js';
import { logLineLost, writingLog } from './log-failures.js';

/** The logger interface of OpenRTC. A pino logger implements it. */
export interface Logger {
  /** Logs details for debugging. */
  debug(fields: object, message: string): void;
  /** Logs a normal event. */
  info(fields: object, message: string): void;
  /** Logs a problem that the worker handles by itself. */
  warn(fields: object, message: string): void;
  /** Logs a failure that someone should look at. */
  error(fields: object, message: string): void;
  /** Returns a logger that adds `fields` to each of its lines. */
  child(fields: object): Logger;
}

/** A logger that writes nothing. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};

/** The methods of {@link Logger} that write. */
type Level = Exclude<keyof Logger, 'child'>;

const THE_LOGGER = 'the logger of the pool';

/**
 * Wraps a logger so that it never throws, whatever it does: it is the user's, and its lines are written where nothing
 * catches. Fields that it cannot serialise are logged as {@link PlainError}: serialising a thrown value runs its getters,
 * and those may throw. A line that the logger does not take even so is dropped, see {@link logLineLost}; so is one whose
 * promise rejects, though the methods of a logger should return none.
 */
export function unbreakable(logger: Logger): Logger {
  const attempt = (level: Level, fields: object, message: string): void => {
    const answer: unknown = writingLog(() => logger[level](fields, message));
    if (isThenable(answer)) Promise.resolve(answer).then(undefined, lineLost);
  };
  const write = (level: Level) => (fields: object, message: string) => {
    try {
      attempt(level, fields, message);
    } catch (error) {
      try {
        attempt(level, { ...plain(fields), logging: toPlainError(error) }, message);
      } catch (again) {
        lineLost(again);
      }
    }
  };
  const lines = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
  return { ...lines, child: (fields) => childOf(logger, fields) ?? naming(lines, fields) };
}

/** Undefined when the logger fails to make one. */
function childOf(logger: Logger, fields: object): Logger | undefined {
  try {
    const child: unknown = writingLog(() => logger.child(fields));
    return isLogger(child) ? unbreakable(child) : undefined;
  } catch {
    // Its lines are written by the logger itself, with these fields, and say what is wrong if those fail too.
    return undefined;
  }
}

/** In place of a child: adds `fields` to each line. */
function naming(logger: Omit<Logger, 'child'>, fields: object): Logger {
  const write = (level: Level) => (more: object, message: string) =>
    logger[level]({ ...fields, ...more }, message);
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (more) => naming(logger, { ...fields, ...more }),
  };
}

function lineLost(error: unknown): void {
  logLineLost(THE_LOGGER, error);
}

function plain(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'object' && value !== null ? toPlainError(value) : value,
    ]),
  );
}

function isLogger(value: unknown): value is Logger {
  const methods = ['debug', 'info', 'warn', 'error', 'child'] as const;
  const given = Object(value) as Record<string, unknown>;
  return methods.every((method) => typeof given[method] === 'function');
}
