/**
 * Every error OpenRTC raises on purpose, by code. A code is stable; a message may be reworded.
 *
 * `CONFIG_*` is thrown before anything connects. `SESSION_*` is how one call failed. `ISOLATION_*`
 * is the place where calls run. `LINK_*` is the connection to LiveKit.
 */
export const errorCodes = {
  CONFIG_INVALID_OPTION: 'an option has a value that cannot work',
  CONFIG_INVALID_NAME: 'an agent name outside 1-64 ASCII letters, digits, dashes, underscores',
  CONFIG_DUPLICATE_AGENT: 'two agents under one name',
  CONFIG_NOT_AN_AGENT: 'what was registered is neither a voice.Agent class nor a factory',
  CONFIG_FOREIGN_SDK: 'the agent class comes from another copy of @livekit/agents',
  CONFIG_UNSUPPORTED_SDK:
    '@livekit/agents or @livekit/rtc-node is missing or of a version not supported',
  CONFIG_UNKNOWN_AGENT: 'a name that is not registered',
  CONFIG_NO_AGENTS: 'run() on a pool without agents',
  CONFIG_DISCOVERY: 'an agents directory that cannot be loaded',
  CONFIG_MISSING_CREDENTIALS: 'no LiveKit URL, API key or API secret',
  CONFIG_INVALID_URL: 'a LiveKit URL that cannot be parsed',
  CONFIG_NO_COMMAND: 'a verb of the command openrtc where @openrtc/cli is not installed',
  CONFIG_NO_ISOLATION: 'no isolation strategy given and the default one not installed',
  CONFIG_PORT_IN_USE: 'the port of the health server cannot be had',
  CONFIG_METRICS_FILE: 'a file for metrics that cannot be written, or that is not one of ours',
  POOL_UNHEALTHY: 'the worker drained because calls failed one after another',
  POOL_TAINTED: 'the worker drained after an error that no call could be blamed for',
  POOL_STATE: 'a method called in a state that does not allow it',
  PREWARM_FAILED: 'what the worker loads before it takes calls failed to load',
  LINK_UNAUTHORIZED: 'LiveKit refused the API key or secret',
  LINK_REGISTER_TIMEOUT: 'LiveKit did not answer the registration in time',
  LINK_CLOSED: 'the connection to LiveKit is closed',
  ROUTE_UNKNOWN_AGENT: 'a call names an agent that is not registered',
  ROUTE_ROUTER_FAILED: 'the custom router threw, timed out, or returned something unusable',
  ROUTE_INVALID_TENANT: 'the tenant in the metadata is not a usable name',
  SESSION_AGENT_FAILED: "the agent's constructor or factory threw",
  SESSION_PROVIDER_FAILED: 'a provider factory threw',
  SESSION_SETUP_FAILED: "the pool's setup() threw or timed out",
  SESSION_FOREIGN_HOST:
    'LiveKit sent the call to a host that is neither its own nor in livekit.allowedHosts',
  SESSION_JOIN_FAILED: 'the room could not be joined',
  SESSION_JOIN_TIMEOUT: 'the room was not joined before the join deadline',
  SESSION_WRONG_ROOM: 'the room joined is not the room of the job',
  SESSION_CONNECTION_LOST: 'the connection to the room was lost and could not be had back',
  SESSION_START_FAILED: 'AgentSession.start() failed',
  SESSION_CLOSED_WITH_ERROR: 'the AgentSession closed with an unrecoverable provider error',
  SESSION_UNCAUGHT: "an uncaught exception or unhandled rejection in the call's own code",
  SESSION_EXIT: "the call's own code called process.exit()",
  SESSION_HOOK_TIMEOUT: 'a hook of the agent was not done in its time; the call goes on',
  ISOLATION_LOST: 'the process that ran the call is gone',
  ISOLATION_MEMORY_LIMIT: 'the process that ran the call used more memory than it may',
  ISOLATION_STUCK: 'the process that ran the call did not answer any more',
  ISOLATION_START_FAILED: 'a process for calls could not be started',
  ISOLATION_CLOSED: 'a call was handed to an isolation that is closing',
  INTERNAL: 'a bug in OpenRTC',
} as const;

/** The stable code of an {@link OpenRtcError}. */
export type ErrorCode = keyof typeof errorCodes;

const BRAND = Symbol.for('@openrtc/core:error');

/** What an error looks like once it has crossed a process: plain data, nothing lost. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: PlainError;
}

/**
 * The one error class of OpenRTC: a message that says what happened and what to do, a stable
 * {@link ErrorCode}, and the cause kept. Use {@link isOpenRtcError}, not `instanceof`, so that two
 * installed copies still recognise each other's errors.
 */
export class OpenRtcError extends Error {
  override readonly name = 'OpenRtcError';
  readonly code: ErrorCode;
  readonly [BRAND] = true;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** True for an {@link OpenRtcError} of this or of another installed copy. */
export function isOpenRtcError(value: unknown): value is OpenRtcError {
  try {
    return typeof value === 'object' && value !== null && BRAND in value;
  } catch {
    // A thrown proxy that does not even answer this is not ours.
    return false;
  }
}

// A cause chain can be a cycle; nobody reads the tenth cause.
const MAX_CAUSES = 10;

/**
 * Any thrown value as plain data, `undefined` and primitives included. Reading a hostile value
 * (a getter that throws, a cycle of causes) never throws.
 */
export function toPlainError(value: unknown, depth = 0): PlainError {
  try {
    if (typeof value !== 'object' || value === null) {
      return {
        code: 'INTERNAL',
        message: value === undefined ? 'undefined was thrown' : String(value),
      };
    }
    const { code, message, stack, cause } = value as Record<string, unknown>;
    return {
      code: typeof code === 'string' ? code : 'INTERNAL',
      message: typeof message === 'string' && message !== '' ? message : describe(value),
      ...(typeof stack === 'string' ? { stack } : {}),
      ...(cause !== undefined && depth < MAX_CAUSES
        ? { cause: toPlainError(cause, depth + 1) }
        : {}),
    };
  } catch (error) {
    return { code: 'INTERNAL', message: `a thrown value could not be read: ${wordsOf(error)}` };
  }
}

/** What reading it threw may be as bad. */
function wordsOf(error: unknown): string {
  try {
    return String(error);
  } catch {
    return 'nor the error of reading it';
  }
}

function describe(value: object): string {
  const name = value.constructor?.name;
  return name === undefined || name === 'Object'
    ? (JSON.stringify(value) ?? 'an object was thrown')
    : `${name} thrown without a message`;
}

/** The text of any thrown value, for a log line. */
export function messageOf(value: unknown): string {
  return toPlainError(value).message;
}
