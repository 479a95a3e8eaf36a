import type { Logger } from './logger.js';

/**
 * Runs the steps of an end in their order, each of them whatever became of those before. Then throws the first error:
 * later ones often follow from it, so they are logged.
 */
export async function everyStep(logger: Logger, steps: readonly (() => unknown)[]): Promise<void> {
  // In an array, because `undefined` can be thrown too.
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  for (const later of errors.slice(1)) alsoFailed(logger)(later);
  if (errors.length > 0) throw errors[0];
}

/** Logs an error of an end that another error has caused already: that one counts, and is reported elsewhere. */
export function alsoFailed(logger: Logger): (error: unknown) => void {
  return (error) => logger.error({ error }, 'after an error, closing failed too');
}
