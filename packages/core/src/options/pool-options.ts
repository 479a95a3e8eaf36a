import type { IsolationStrategy } from '../launch/isolation.js';
import type { JobTypeName } from '../call/job-offer.js';
import type { LiveKitOptions } from '../link/livekit-endpoint.js';
import type { Logger } from '../base/logger.js';
import type { Router } from '../route/custom-router.js';
import type { AudioDevices } from '../audio/local-audio.js';
import type { SessionLimits } from '../call/session-limits.js';
import type { SharedModels } from '../session/shared-models.js';
import type { SessionObserver } from '../settle/session-observer.js';
import type {
  AgentClass,
  AgentDefaults,
  AgentFactory,
  SessionInfo,
  SessionSetup,
} from '../agents/agent-options.js';
import type { AgentPermissions, DispatchMode } from './dispatch-options.js';
import type { OperateOptions } from './operate-options.js';
import type { PrewarmFunction, PrewarmLoaders } from '../worker/prewarm.js';

/** How a pool is set up. Every option may be left out. `Prewarmed` is what {@link AgentPoolOptions.prewarm} loads. */
export interface AgentPoolOptions<Prewarmed extends object = Record<string, unknown>>
  extends Partial<SessionLimits>, OperateOptions {
  /** Where calls run. Default: `coroutine()` of `@openrtc/isolation-coroutine`, which must then be installed. */
  isolation?: IsolationStrategy;
  /** Agents by name, registered in this order. */
  agents?: Readonly<Record<string, AgentClass | AgentFactory<Prewarmed>>>;
  /** What agents get that do not say otherwise. */
  defaults?: AgentDefaults;
  /**
   * What calls share, loaded once in each process that runs calls, before the first of them; a failure stops
   * the start. `{ menu: () => loadMenu() }`: loaders by name, all at once; agent factories and `setup()`
   * find what they gave as `call.prewarmed.menu`, typed, and everything else as `ctx.proc.userData.menu`.
   * Or a function that fills `proc.userData` itself. Their signal aborts when the start is called off.
   */
  prewarm?: PrewarmLoaders<Prewarmed> | PrewarmFunction;
  /**
   * VAD and turn detector, loaded once for all calls. Default: `models()` of `@openrtc/prewarm` where
   * it is installed. `null`: none; turns then end by VAD.
   */
  models?: SharedModels | null;
  /** Most calls at a time, a hard cap. Default: 50. */
  maxConcurrentSessions?: number;
  /**
   * While calls that run in a process keep its event loop later than this, in milliseconds (99th percentile),
   * the process takes no other: an overloaded worker refuses calls (`busy`) and reports itself full to LiveKit,
   * so that the calls it has keep their pace. Lag from other load of the machine is logged once and refuses
   * nothing. Default: 100. `Infinity`: no limit.
   */
  maxEventLoopLagMs?: number;
  /** After this many failed calls in a row the worker drains and `run()` rejects. Default: 5. Refused calls do not count. */
  consecutiveFailureLimit?: number;
  /** How long a drain waits for live calls, in milliseconds. Default: 3 600 000 (1 h). */
  drainTimeoutMs?: number;
  /** Chooses the agent of a call before the built-in rules. */
  router?: Router;
  /** Time box of an asynchronous router, in milliseconds. Default: 250. */
  routerTimeoutMs?: number;
  /** Set: explicit dispatch under this name. Default: `LIVEKIT_AGENT_NAME`, else automatic dispatch. */
  agentName?: string;
  /**
   * `per-pool`: LiveKit knows the pool by one name, `agentName`, or by none. `per-agent`: LiveKit knows
   * each agent by its own name, and the job's agent name chooses the agent; names come and go with
   * `add()` and `remove()`, and all share one capacity. Default: `per-pool`.
   */
  dispatch?: DispatchMode;
  /**
   * What calls are: one per room, one per participant, one per participant that publishes. Those for a
   * participant have it as `call.participant`, and the session listens to it and to nobody else.
   * Default: `['room']`.
   */
  jobTypes?: readonly JobTypeName[];
  /** What agents may do in their rooms. */
  permissions?: AgentPermissions;
  /** Version-aware dispatch: LiveKit keys workers by it. Default: `LIVEKIT_AGENT_DEPLOYMENT`, else none. */
  deploymentVersion?: string;
  /** Told about every call. */
  observers?: readonly SessionObserver[];
  /** Runs beside each session, where the session is. */
  setup?: SessionSetup<Prewarmed>;
  /** Where LiveKit is. Default: `LIVEKIT_URL`, `LIVEKIT_API_KEY`, `LIVEKIT_API_SECRET`, `LIVEKIT_WORKER_TOKEN`. */
  livekit?: LiveKitOptions;
  /** Default: the logger of `@livekit/agents`. */
  logger?: Logger;
}

/** What {@link AgentPool.configure} may change: what an operator decides, not what the code is made of. */
export type PoolSettings = Omit<AgentPoolOptions, 'agents' | 'prewarm' | 'setup' | 'router'>;

/** How {@link AgentPool.run} behaves. What can also be said to the pool wins here. */
export interface RunOptions extends OperateOptions {
  /** Drains when it aborts. */
  signal?: AbortSignal;
  /**
   * Installs handlers for SIGTERM, SIGINT, uncaught exceptions and unhandled rejections for as long as
   * it runs, and has V8 collect garbage sooner, which halves what a call holds. Default: true, for a process that
   * is there for the pool alone. Without the handlers an error in one call's timers ends the process.
   */
  processHandlers?: boolean;
  /**
   * Where `@openrtc/cli` is installed, `node main.js dev` is `openrtc dev` with this pool, and so for each of its
   * verbs. `false`: the arguments of the process are none of the pool's business. Default: true.
   */
  cli?: boolean;
  /**
   * A microphone and a speaker for each call over the embedded endpoint of `@openrtc/core/testing`, which carries
   * words alone, that runs in this process. Default: none; such calls are typed.
   */
  audioDevices?: (call: SessionInfo) => AudioDevices;
}
