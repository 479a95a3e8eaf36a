import type { JobProcess } from '@livekit/agents';

import type { Logger } from '../base/logger.js';
import type { AgentConfig, AgentDefaults, SessionSetup } from '../agents/agent-options.js';
import type { TenantDirectory } from '../agents/tenant-directory.js';
import type { SessionInfo } from '../call/call.js';
import type { AudioDevices } from '../audio/local-audio.js';
import type { SessionLimits } from '../call/session-limits.js';
import type { LiveSessions } from './live-sessions.js';
import type { SharedModels } from './shared-models.js';

/** Everything that the sessions of one process share. The pool creates it, and each call reads it. */
export interface SessionRuntime {
  /**
   * Returns the agent that a call was accepted for.
   * @throws OpenRtcError `CONFIG_UNKNOWN_AGENT` when no agent of that name is registered in this process
   */
  readonly agent: (name: string, revision: number) => AgentConfig;
  /** The calls of this process, for changes of their code. */
  readonly live: LiveSessions;
  /** The pool's defaults for agents. */
  readonly defaults: AgentDefaults;
  /** The tenants of the pool. Undefined: they have no configuration. */
  readonly tenants: TenantDirectory | undefined;
  /** The pool's `setup()`. */
  readonly setup: SessionSetup | undefined;
  /** Time limits of a call. */
  readonly limits: SessionLimits;
  /** `ctx.proc`. Its `userData` has everything that prewarm has loaded. */
  readonly process: JobProcess;
  /** The models of this process. Undefined when there are none. */
  readonly models: SharedModels | undefined;
  /** Returns the audio devices of a call whose room carries no audio. */
  readonly audioDevices: ((call: SessionInfo) => AudioDevices) | undefined;
  /** LiveKit API key and secret. Undefined in a process that does not have them. */
  readonly credentials: { readonly apiKey: string; readonly apiSecret: string } | undefined;
  /** The logger of this process. */
  readonly logger: Logger;
  /** Logs a warning once per process, whatever the number of calls that give it. */
  readonly warnOnce: (message: string) => void;
}
