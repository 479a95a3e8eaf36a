import type { JobProcess } from '@livekit/agents';

import type { Logger } from '../base/logger.js';
import type { AgentConfig, AgentDefaults, SessionSetup } from '../agents/agent-options.js';
import type { SessionInfo } from '../call/call.js';
import type { AudioDevices } from '../audio/local-audio.js';
import type { SessionLimits } from '../call/session-limits.js';
import type { SharedModels } from './shared-models.js';

/** What the sessions of one process share: made by the pool, read by each call. */
export interface SessionRuntime {
  /**
   * The agent a call was accepted for.
   * @throws OpenRtcError `CONFIG_UNKNOWN_AGENT` when none of that name is registered in this process.
   */
  readonly agent: (name: string, revision: number) => AgentConfig;
  readonly defaults: AgentDefaults;
  readonly setup: SessionSetup | undefined;
  readonly limits: SessionLimits;
  /** `ctx.proc`; its `userData` is what prewarm has loaded. */
  readonly process: JobProcess;
  readonly models: SharedModels | undefined;
  /** Devices for calls whose room carries no audio. */
  readonly audioDevices: ((call: SessionInfo) => AudioDevices) | undefined;
  readonly credentials: { readonly apiKey: string; readonly apiSecret: string } | undefined;
  readonly logger: Logger;
  /** Logs a warning the first time it is given; what many calls share is said once. */
  readonly warnOnce: (message: string) => void;
}
