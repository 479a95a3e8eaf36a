import type { Logger } from '../base/logger.js';
import type { UndoPatch } from './sdk-patch.js';

/** A method of an object of the SDK. */
export type Method = (...args: unknown[]) => unknown;

/** A method to replace. */
export interface Replacement {
  /** The object that has the method itself. */
  readonly owner: object;
  readonly name: string;
  /** Makes the new method of the old one. */
  readonly replace: (original: Method) => (this: never, ...args: never[]) => unknown;
}

/**
 * Replaces methods of the SDK. One that is not there is logged, and stays away.
 * @param lost - what does not work without it, for the log
 */
export function replaceMethods(
  logger: Logger,
  lost: string,
  replacements: readonly Replacement[],
): UndoPatch {
  const undo = replacements.map(({ owner, name, replace }) => {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name);
    const original: unknown = descriptor?.value;
    if (descriptor === undefined || typeof original !== 'function') {
      logger.warn({ method: name }, `unknown version of @livekit/agents: ${lost}`);
      return () => {};
    }
    Object.defineProperty(owner, name, { ...descriptor, value: replace(original as Method) });
    return () => void Object.defineProperty(owner, name, descriptor);
  });
  return () => {
    for (const restore of undo) restore();
  };
}
