import type { IsolationStrategy } from '../launch/isolation-strategy.js';
import type { JobTypeName } from '../call/job-offer.js';
import type { LiveKitOptions } from '../link/livekit-endpoint.js';
import type { Logger } from '../base/logger.js';
import type { Router } from '../route/custom-router.js';
import type { SessionLimits } from '../call/session-limits.js';
import type { SharedModels } from '../session/shared-models.js';
import type { SessionObserver } from '../settle/session-observer.js';
import type {
  AgentClass,
  AgentDefaults,
  AgentFactory,
  SessionSetup,
} from '../agents/agent-options.js';
import type { MetadataValues } from '../call/call.js';
import type { AgentPermissions, DispatchMode } from './dispatch-options.js';
import type { OperateOptions } from '../operate/operate-options.js';
import type { PrewarmFunction, PrewarmLoaders } from './prewarm-option.js';

/**
 * How a pool is set up. Every option may be left out.
 *
 * `Prewarmed` follows from {@link AgentPoolOptions.prewarm}, `UserData` from {@link AgentPoolOptions.setup}; name
 * `Metadata` where your code reads the metadata of calls. Options kept in a variable keep these types through
 * {@link definePoolOptions}.
 */
export interface AgentPoolOptions<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
  UserData = unknown,
>
  extends Partial<SessionLimits>, OperateOptions {
  /** Where calls run. Default: `coroutine()` of `@openrtc/isolation-coroutine`, which must then be installed. */
  isolation?: IsolationStrategy;
  /** Agents by name, registered in this order. Default: none. */
  agents?: Readonly<Record<string, AgentClass | AgentFactory<Prewarmed, Metadata>>>;
  /** Options of every agent that does not set its own. Default: none. */
  defaults?: AgentDefaults<Prewarmed, Metadata>;
  /**
   * Values that calls share, loaded once in each process that runs calls, before the first of them; a failure stops
   * the start with `PREWARM_FAILED`. `{ menu: () => loadMenu() }`: loaders by name, all at once; factories and
   * `setup()` find their values as `call.prewarmed.menu`, typed, and all other code as `ctx.proc.userData.menu`.
   * Or a function that fills `proc.userData` itself. Their signal aborts when the start is called off. Default: none.
   */
  prewarm?: PrewarmLoaders<Prewarmed> | PrewarmFunction;
  /**
   * VAD and turn detector, loaded once for all calls. Default: `models()` of `@openrtc/prewarm` where
   * it is installed. `null`: none; turns then end by VAD.
   */
  models?: SharedModels | null;
  /** The most calls at a time: a hard cap. Default: 50. */
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
  /** Chooses the agent of a call before the built-in rules. Default: the rules alone. */
  router?: Router;
  /** Time box of an asynchronous router, in milliseconds. Default: 250. */
  routerTimeoutMs?: number;
  /** Set: explicit dispatch under this name. Default: `LIVEKIT_AGENT_NAME`, else automatic dispatch. */
  agentName?: string;
  /**
   * `per_pool`: LiveKit knows the pool by one name, `agentName`, or by none. `per_agent`: LiveKit knows
   * each agent by its own name, and the job's agent name chooses the agent; names come and go with
   * `add()` and `remove()`, and all share one capacity. Default: `per_pool`.
   */
  dispatch?: DispatchMode;
  /**
   * What calls are: one per room, one per participant, one per participant that publishes. Those for a
   * participant have it as `call.participant`, and the session listens to it and to nobody else.
   * Default: `['room']`.
   */
  jobTypes?: readonly JobTypeName[];
  /** What agents may do in their rooms. Default: publish, subscribe, send data, update their metadata. */
  permissions?: AgentPermissions;
  /** Version-aware dispatch: LiveKit keys workers by it. Default: `LIVEKIT_AGENT_DEPLOYMENT`, else none. */
  deploymentVersion?: string;
  /** Notified of every call, in the worker's process. Default: none. */
  observers?: readonly SessionObserver[];
  /** Runs where each session runs, before it starts; see {@link SessionSetup}. Default: none. */
  setup?: SessionSetup<Prewarmed, Metadata, UserData>;
  /** Where LiveKit is. Default: `LIVEKIT_URL`, `LIVEKIT_API_KEY`, `LIVEKIT_API_SECRET`, `LIVEKIT_WORKER_TOKEN`. */
  livekit?: LiveKitOptions;
  /** Default: the logger of `@livekit/agents`. */
  logger?: Logger;
}

/** The options {@link AgentPool.configure} may change: those an operator decides, not the code. */
export type PoolSettings = Omit<AgentPoolOptions, 'agents' | 'prewarm' | 'setup' | 'router'>;

/** Returns `options` as they are, with the types that follow from them: for options that are kept in a variable. */
export function definePoolOptions<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
  UserData = unknown,
>(
  options: AgentPoolOptions<Prewarmed, Metadata, UserData>,
): AgentPoolOptions<Prewarmed, Metadata, UserData> {
  return options;
}
