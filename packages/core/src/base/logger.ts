import { toPlainError } from './errors.js';

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

/**
 * Wraps a logger so that fields it cannot serialise do not make it throw: serialising a thrown value runs its
 * getters, and those may throw. Such fields are logged as {@link PlainError}.
 */
export function unbreakable(logger: Logger): Logger {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') => (fields: object, message: string) => {
      try {
        logger[level](fields, message);
      } catch (error) {
        const plain = Object.fromEntries(
          Object.entries(fields).map(([name, value]) => [
            name,
            typeof value === 'object' && value !== null ? toPlainError(value) : value,
          ]),
        );
        logger[level]({ ...plain, logging: toPlainError(error) }, message);
      }
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => unbreakable(logger.child(fields)),
  };
}
