import type { Logger } from '../base/logger.js';

/** Takes a patch back. Called once, when the last pool of the process has ended. */
export type UndoPatch = () => void | Promise<void>;

/** One change of how `@livekit/agents` or `@livekit/rtc-node` behaves. */
export interface SdkPatch {
  /** Unique; for logs. */
  readonly name: string;
  /** What goes wrong without it. */
  readonly why: string;
  /** The versions it was written for. When the code there is built in another way, it warns and changes nothing. */
  readonly versions: string;
}

/** A patch of the whole process, applied before the first room. */
export interface ProcessPatch extends SdkPatch {
  readonly scope: 'process';
  readonly apply: (logger: Logger) => UndoPatch;
}

/** A patch of the objects of one call; `undo` says what becomes of it. */
export interface CallPatch extends SdkPatch {
  readonly scope: 'call';
  readonly undo: string;
}

/** For a patch that changed nothing. */
export const nothingToUndo: UndoPatch = () => {};
