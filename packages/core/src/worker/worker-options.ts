import type { CodeLoader } from '../agents/code-loader.js';
import type { TenantDirectory } from '../agents/tenant-directory.js';
import type { AgentRegistry } from '../agents/registry.js';
import type { AudioDevices } from '../audio/local-audio.js';
import type { Logger } from '../base/logger.js';
import type { SessionInfo } from '../call/call.js';
import type { PoolSource } from '../launch/isolation-strategy.js';
import type { OperateOptions } from '../operate/operate-options.js';
import type { Ending } from './ending.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import type { RunAudit } from './run-audit.js';
import type { SessionObserver } from '../settle/session-observer.js';

/** Everything that a process needs to run sessions of a pool. */
export interface ProcessOptions {
  /** The options of the pool, as the user gave them. */
  readonly pool: AgentPoolOptions;
  /** The options with their defaults. */
  readonly resolved: ResolvedOptions;
  /** The tenants of the pool, as this process knows them. Undefined: they have no configuration. */
  readonly tenants: TenantDirectory | undefined;
  /** The agents of the pool. */
  readonly registry: AgentRegistry;
  /** How another process starts this pool. */
  readonly source: PoolSource;
  /** Reloads the code of the agents. Undefined where that is not possible. */
  readonly loader: CodeLoader | undefined;
  /** Options of the event loop's watchdog. False: no watchdog. */
  readonly watchdog: OperateOptions['watchdog'];
  /** The pool's logger. */
  readonly logger: Logger;
}

/** Everything that a worker needs: a process that runs sessions and registers with LiveKit. */
export interface WorkerOptions extends ProcessOptions {
  /** Version that is sent to LiveKit. */
  readonly version: string;
  /** Notified of every call. */
  readonly observers: readonly SessionObserver[];
  /** Writes down what the worker does. */
  readonly audit: RunAudit;
  /** False: the worker gets calls only through {@link Worker.connect}. */
  readonly registers: boolean;
  /** Returns the audio devices of a call whose room carries no audio. */
  readonly audioDevices: ((call: SessionInfo) => AudioDevices) | undefined;
  /** How long the end of the run may take. */
  readonly ending: Ending;
  /** Whether the process runs only this pool, so that its heap may be tuned. */
  readonly ownProcess: boolean;
}
