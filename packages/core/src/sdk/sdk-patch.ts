import type { Logger } from '../base/logger.js';

/** Undoes a patch. Called once, when the last pool of the process has ended. */
export type UndoPatch = () => void | Promise<void>;

/** A change of how `@livekit/agents` or `@livekit/rtc-node` behaves. */
export interface SdkPatch {
  /** Unique name, for logs. */
  readonly name: string;
  /** The problem without the patch. */
  readonly why: string;
  /** The versions it was written for. When the code it patches is not as expected, it logs that and changes nothing. */
  readonly versions: string;
}

/** A patch of the whole process, applied before the first room is created. */
export interface ProcessPatch extends SdkPatch {
  /** The patch changes the process. */
  readonly scope: 'process';
  /** Applies the patch and returns the function that undoes it. */
  readonly apply: (logger: Logger) => UndoPatch;
}

/** A patch of the process that only has an effect in code that is loaded as the user's agents. */
export interface LoadPatch extends SdkPatch {
  /** The patch changes what loaded code can do. */
  readonly scope: 'load';
  /** Applies the patch and returns the function that undoes it. `warn` reports that it could not be applied. */
  readonly apply: (warn: (message: string) => void) => UndoPatch;
}

/** A patch of the objects of one call. */
export interface CallPatch extends SdkPatch {
  /** The patch changes the objects of each call. */
  readonly scope: 'call';
  /** Applies the patch. The session body calls it with the objects of a call that it patches. */
  readonly apply: (...args: never[]) => unknown;
  /** How the patch ends. */
  readonly undo: string;
}

/** The undo function of a patch that changed nothing. */
export const nothingToUndo: UndoPatch = () => {};
