import type { AgentRegistry } from '../agents/registry.js';
import type { AudioDevices } from '../audio/local-audio.js';
import type { Logger } from '../base/logger.js';
import type { SessionInfo } from '../call/call.js';
import type { PoolSource } from '../launch/isolation-strategy.js';
import type { OperateOptions } from '../operate/operate-options.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import type { SessionObserver } from '../settle/session-observer.js';

/** What one process needs to run sessions of a pool. */
export interface ProcessOptions {
  readonly pool: AgentPoolOptions;
  readonly resolved: ResolvedOptions;
  readonly registry: AgentRegistry;
  readonly source: PoolSource;
  readonly watchdog: OperateOptions['watchdog'];
  readonly logger: Logger;
}

/** What a worker needs: a process that also talks to LiveKit. */
export interface WorkerOptions extends ProcessOptions {
  readonly version: string;
  /** Notified of every call. */
  readonly observers: readonly SessionObserver[];
  /** False: calls come by {@link Worker.connect} alone. */
  readonly registers: boolean;
  /** Devices for calls whose room carries no audio. */
  readonly audioDevices: ((call: SessionInfo) => AudioDevices) | undefined;
  /** Whether the process is there for the pool alone. */
  readonly ownProcess: boolean;
}
