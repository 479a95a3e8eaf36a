import { toPlainError } from './errors.js';

/**
 * What OpenRTC needs of a logger: the shape of pino, so a pino instance fits as it is.
 * The default is the logger of `@livekit/agents`, so that one worker writes one kind of line.
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
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
 * The same logger, which never throws for what it is given: serialising a thrown value reads it, and reading
 * it may throw once more.
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
