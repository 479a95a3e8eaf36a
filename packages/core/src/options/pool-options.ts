import type { IsolationStrategy } from '../launch/isolation-strategy.js';
import type { JobTypeName } from '../call/job-offer.js';
import type { LiveKitOptions } from '../link/livekit-endpoint.js';
import type { Logger } from '../base/logger.js';
import type { RequestFilter } from '../admit/request-filter.js';
import type { Router } from '../route/route.js';
import type { SessionCaps } from '../call/session-caps.js';
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
import type { BreakerOptions } from './breaker-option.js';
import type { AgentPermissions, DispatchMode } from './dispatch-options.js';
import type { OperateOptions } from '../operate/operate-options.js';
import type { QuarantineOptions } from './quarantine-option.js';
import type { TenantsOption, UnknownTenant } from './tenants-option.js';
import type { PrewarmFunction, PrewarmLoaders } from './prewarm-option.js';

/**
 * The options of a pool. All of them are optional.
 *
 * `Prewarmed` is inferred from {@link AgentPoolOptions.prewarm}, and `UserData` from {@link AgentPoolOptions.setup}.
 * `Metadata` is the type of the metadata of calls, if your code reads it. Use {@link definePoolOptions} to keep these
 * types for options in a variable.
 */
export interface AgentPoolOptions<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
  UserData = unknown,
>
  extends Partial<SessionLimits>, OperateOptions {
  /**
   * The isolation strategy, which decides where calls run. Default: `coroutine()` of `@openrtc/isolation-coroutine`,
   * which must then be installed.
   */
  isolation?: IsolationStrategy;
  /** Agents by name, registered in this order. Default: none. */
  agents?: Readonly<Record<string, AgentClass | AgentFactory<Prewarmed, Metadata>>>;
  /** The options of every agent that does not set its own. Default: none. */
  defaults?: AgentDefaults<Prewarmed, Metadata>;
  /**
   * Loads the values that calls share, once in each process that runs calls, before its first call. Either loaders by
   * name, `{ menu: () => loadMenu() }`, which run at the same time: factories and `setup()` get their values as
   * `call.prewarmed.menu`, typed, and all other code as `ctx.proc.userData.menu`. Or a function that fills
   * `proc.userData` itself. The signal aborts when the start is cancelled. A failure ends the start with
   * `PREWARM_FAILED`. Default: none.
   */
  prewarm?: PrewarmLoaders<Prewarmed> | PrewarmFunction;
  /**
   * The VAD and the turn detector, loaded once for all calls. `null`: none; then the VAD of the agent ends turns.
   * Default: `models()` of `@openrtc/prewarm`, if that is installed.
   */
  models?: SharedModels | null;
  /** The maximum number of calls at a time, accepted ones included. Default: 50. */
  maxConcurrentSessions?: number;
  /**
   * The maximum number of calls of one agent at a time, accepted ones included: a number for every agent, or numbers by
   * name, `{ support: 5 }`, and the others have none of their own. Further calls are refused (`agent_full`), and LiveKit
   * offers them to another worker. A name that is not registered fails the start. Default: no limit.
   */
  maxSessionsPerAgent?: SessionCaps;
  /**
   * The maximum number of calls of one tenant at a time, accepted ones included: a number for every tenant, or numbers by
   * name. Calls without a tenant are those of `default`. Further calls are refused (`tenant_full`). Default: no limit.
   */
  maxSessionsPerTenant?: SessionCaps;
  /**
   * The configuration of tenants, with providers and limits of their own: an object by name, a function that finds one, or
   * `{ resolve }`. With it, providers of agents and of `defaults` are used only for tenants with `inherit: true`, so that
   * nobody talks with your keys by accident. Calls without a tenant are those of the tenant `default`. Default: none, all
   * tenants use what agents and `defaults` have.
   */
  tenants?: TenantsOption<Prewarmed, Metadata>;
  /**
   * What becomes of calls of a tenant without a configuration. `refuse`: they are refused (`unknown_tenant`). `defaults`:
   * they use the providers of agents and of `defaults`. Default: `refuse`.
   */
  unknownTenant?: UnknownTenant;
  /**
   * When calls of a tenant are refused (`breaker_open`) because too many of its last ones were not answered: a dead key,
   * a voice that is gone, an agent that throws. Each agent of a tenant is judged for itself. Calls that name no tenant
   * are never refused. false: no breaker. Default: at least 5 calls within a minute, half of them without an answer;
   * after 30 s one is tried.
   */
  breaker?: BreakerOptions | false;
  /**
   * When calls are refused (`quarantined`) because others with the same agent, tenant and metadata have failed again and
   * again with the same error, as when an app dispatches a broken job in a loop. Only failures of the agent or of a provider
   * count, and calls whose metadata has no more than agent and tenant are never refused. `breaker: false` does not turn it
   * off. false: no quarantine. Default: 3 failures in a row within 10 minutes; after 5 minutes one is tried.
   */
  quarantine?: QuarantineOptions | false;
  /**
   * The maximum lag of an event loop that runs calls, in milliseconds (99th percentile). While its calls cause more, a
   * process takes no other call: the worker refuses calls (`busy`) and reports itself full to LiveKit, so that live
   * calls stay fluent. Lag caused by other processes of the machine is logged once, and no call is refused for it.
   * Default: 100. `Infinity`: no limit.
   */
  maxEventLoopLagMs?: number;
  /**
   * The memory that the worker may use with all its processes, in MiB, at least 128. A call that does not fit is refused
   * (`busy`), and the worker reports itself full to LiveKit. A limit of the system (a control group, as containers and
   * systemd set it) applies as well, without this option. Default: only such a limit.
   */
  maxMemoryMb?: number;
  /**
   * The number of calls that fail in a row because of the machine or the worker (`causedBy` is `host` or `worker`) after
   * which the worker drains and `run()` rejects. Refused calls do not count. Default: 5.
   */
  consecutiveFailureLimit?: number;
  /** The time for which a drain waits for live calls, in milliseconds. Default: 3 600 000 (1 h). */
  drainTimeoutMs?: number;
  /** Chooses the agent of a call, before the built-in rules. Default: only the rules. */
  router?: Router;
  /** The time box of an asynchronous router, in milliseconds, at most 900. Default: 250. */
  routerTimeoutMs?: number;
  /**
   * Whether a call is refused (`unregistered_room`) whose metadata and room name name no agent, instead of going to the
   * agent that was registered first. Default: false.
   */
  acceptOnlyRegisteredRooms?: boolean;
  /**
   * Has the last word about each call, see {@link RequestFilter}. It is asked about calls that have an agent, a tenant and
   * a reserved place, and everything that is reserved is given back when it refuses. Default: none.
   */
  requestFilter?: RequestFilter<Metadata>;
  /** The time box of an asynchronous `requestFilter`, in milliseconds, at most 900. Default: 250. */
  requestFilterTimeoutMs?: number;
  /**
   * The maximum size of the metadata of a job or a room, in bytes. A call with more is refused (`invalid_metadata`).
   * Reading 512 KiB takes the event loop a few milliseconds. Default: 524 288, what LiveKit allows.
   */
  maxMetadataBytes?: number;
  /**
   * The secret with which the metadata of calls is signed, or several while one replaces another, of at least 32 bytes
   * each. For apps whose clients carry the metadata to LiveKit: only metadata that {@link signMetadata} of
   * `@openrtc/core/signing` has signed is read, a call whose metadata names an agent or a tenant without a valid
   * signature is refused (`invalid_signature`), and a room name chooses no agent. Default: `OPENRTC_METADATA_SECRET`
   * (several with commas between them), else none.
   */
  metadataSecret?: string | readonly string[];
  /**
   * The agent name for explicit dispatch, at most 256 bytes. Default: `LIVEKIT_AGENT_NAME`, else none, for automatic
   * dispatch.
   */
  agentName?: string;
  /**
   * The names under which the pool registers at LiveKit. `per_pool`: one name, `agentName`, or none. `per_agent`: the
   * name of each agent, and the agent name of a job chooses the agent; registrations follow `add()` and `remove()`,
   * and all agents share one capacity. Default: `per_pool`.
   */
  dispatch?: DispatchMode;
  /**
   * The types of jobs that the pool takes: one per room, one per participant, or one per participant that publishes. A
   * call for a participant has it as `call.participant`, and its session listens only to that participant.
   * Default: `['room']`.
   */
  jobTypes?: readonly JobTypeName[];
  /** The permissions of agents in their rooms. Default: to publish, subscribe, send data and update their metadata. */
  permissions?: AgentPermissions;
  /**
   * A label for what is deployed, such as a commit: in snapshots, in `openrtc_info`, and in the log. It changes nothing
   * about dispatch. At most 64 bytes without control characters. Default: none.
   */
  deploymentVersion?: string;
  /**
   * The deployment that the pool registers for. LiveKit then sends it only dispatches that name this deployment, and none
   * of the automatic ones; LiveKit Cloud uses it for deployments beside the one in production. At most 64 bytes without
   * underscores, spaces and control characters. Default: `LIVEKIT_AGENT_DEPLOYMENT`, else none, which is what workers
   * need that take calls as they come.
   */
  deployment?: string;
  /** Observers that are notified of every call, in the process of the worker. Default: none. */
  observers?: readonly SessionObserver[];
  /** Prepares each session before it starts, see {@link SessionSetup}. Default: none. */
  setup?: SessionSetup<Prewarmed, Metadata, UserData>;
  /**
   * The LiveKit server and the credentials. Default: `LIVEKIT_URL`, `LIVEKIT_API_KEY`, `LIVEKIT_API_SECRET`,
   * `LIVEKIT_WORKER_TOKEN`.
   */
  livekit?: LiveKitOptions;
  /** The logger of the pool. Default: the logger of `@livekit/agents`. */
  logger?: Logger;
}

/** The options that {@link AgentPool.configure} may change: those that an operator decides, not the code. */
export type PoolSettings<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> = Omit<
  AgentPoolOptions<Prewarmed, Metadata>,
  'agents' | 'prewarm' | 'setup' | 'router' | 'requestFilter'
>;

/** Returns `options` unchanged, with their types inferred. For options that are kept in a variable. */
export function definePoolOptions<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
  UserData = unknown,
>(
  options: AgentPoolOptions<Prewarmed, Metadata, UserData>,
): AgentPoolOptions<Prewarmed, Metadata, UserData> {
  return options;
}
