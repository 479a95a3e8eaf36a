/**
 * The codes of all errors that OpenRTC throws or reports, each with a short description. Codes are stable; messages
 * may change.
 *
 * - `CONFIG_*`: wrong configuration, thrown before the worker connects
 * - `POOL_*`, `PREWARM_*`: the worker as a whole
 * - `LINK_*`: the connection to LiveKit
 * - `ROUTE_*`: the choice of an agent for a call
 * - `SESSION_*`: one call failed
 * - `MEMBERSHIP_*`: a worker that cannot prove its version
 * - `ISOLATION_*`: the process or other place that runs calls
 * - `INTERNAL`: a bug in OpenRTC, or a thrown value without a code of its own
 */
export const errorCodes = {
  CONFIG_INVALID_OPTION: 'an option is unknown or has an invalid value',
  CONFIG_INVALID_NAME: 'an agent name is not 1-64 ASCII letters, digits, dashes or underscores',
  CONFIG_DUPLICATE_AGENT: 'two agents have the same name',
  CONFIG_NOT_AN_AGENT: 'the registered value is neither a voice.Agent class nor a factory',
  CONFIG_FOREIGN_SDK: 'the agent class comes from another copy of @livekit/agents',
  CONFIG_UNSUPPORTED_SDK:
    '@livekit/agents or @livekit/rtc-node is missing, or its version is not supported',
  CONFIG_UNKNOWN_AGENT: 'no agent is registered under this name',
  CONFIG_NO_AGENTS: 'run() was called on a pool without agents',
  CONFIG_DISCOVERY: 'an agents directory cannot be loaded',
  CONFIG_MISSING_CREDENTIALS: 'the LiveKit URL, API key or API secret is missing',
  CONFIG_INVALID_URL: 'the LiveKit URL cannot be parsed',
  CONFIG_NO_COMMAND: 'a verb of the command openrtc was given, but @openrtc/cli is not installed',
  CONFIG_NO_ISOLATION: 'no isolation strategy was given, and the default one is not installed',
  CONFIG_PORT_IN_USE: 'the health server cannot listen on its port',
  CONFIG_METRICS_FILE:
    'a metrics file cannot be written, or holds something that OpenRTC did not write',
  CONFIG_AUDIT_FILE:
    'an audit file cannot be written, or holds something that OpenRTC did not write',
  POOL_UNHEALTHY: 'the worker drained because calls failed one after another',
  POOL_TAINTED: 'the worker drained after an error that could not be assigned to a call',
  POOL_STATE: 'a method was called in a state that does not allow it',
  PREWARM_FAILED: 'prewarming failed: the worker could not load what its calls share',
  LINK_UNAUTHORIZED: 'LiveKit refused the API key or secret',
  LINK_REGISTER_TIMEOUT: 'LiveKit did not answer the registration in time',
  LINK_CLOSED: 'the connection to LiveKit is closed',
  ROUTE_UNKNOWN_AGENT: 'a call names an agent that is not registered',
  ROUTE_ROUTER_FAILED: 'the custom router threw, timed out, or did not return a name',
  ROUTE_INVALID_TENANT: 'the tenant in the metadata is not a valid name',
  ROUTE_INVALID_METADATA: 'the metadata is an object that cannot be read',
  MEMBERSHIP_MALFORMED: 'what a worker says about its version is incomplete',
  MEMBERSHIP_WRONG_VERSION: 'the worker runs another version than the one that is deployed',
  MEMBERSHIP_EXPIRED: 'the membership token is too old',
  MEMBERSHIP_FROM_FUTURE: 'the membership token is from the future',
  MEMBERSHIP_WRONG_SIGNATURE: 'the membership token was signed with another secret',
  SESSION_AGENT_FAILED:
    "the agent's constructor or factory threw or took too long, or one that takes over cannot run",
  SESSION_AGENT_REUSED: 'the agent is an instance that another call has used',
  SESSION_PROVIDER_FAILED:
    'a provider factory threw or took too long, or a provider is of a wrong class',
  SESSION_TENANT_FAILED:
    'the configuration of the tenant cannot be used, or has a provider of another tenant',
  SESSION_SETUP_FAILED: "the pool's setup() threw, timed out, or started a session itself",
  SESSION_FOREIGN_HOST:
    'LiveKit sent the call to a host that is neither the one of livekit.url nor in livekit.allowedHosts',
  SESSION_JOIN_FAILED: 'the room could not be joined',
  SESSION_JOIN_TIMEOUT: 'the room was not joined before the join deadline',
  SESSION_WRONG_ROOM: 'the joined room is not the room of the job',
  SESSION_CONNECTION_LOST: 'the room, or the connection to it, was lost and could not be restored',
  SESSION_START_FAILED: 'AgentSession.start() failed, or took too long',
  SESSION_CLOSED_WITH_ERROR: 'the AgentSession closed with an unrecoverable provider error',
  SESSION_UNCAUGHT: "an uncaught exception or unhandled rejection in the call's own code",
  SESSION_EXIT: "the call's own code called process.exit()",
  SESSION_HOOK_TIMEOUT: 'a hook of the agent took too long; the call goes on',
  ISOLATION_LOST: 'the process that ran the call exited',
  ISOLATION_MEMORY_LIMIT: 'the process that ran the call exceeded its memory limit',
  ISOLATION_STUCK: 'the process that ran the call stopped responding',
  ISOLATION_START_FAILED: 'a process for calls could not be started',
  ISOLATION_CLOSED: 'a call was given to an isolation that is closing',
  INTERNAL: 'a bug in OpenRTC',
} as const;

/** The stable code of an {@link OpenRtcError}; {@link errorCodes} describes each. */
export type ErrorCode = keyof typeof errorCodes;

const BRAND = Symbol.for('@openrtc/core:error');

/** An error as plain data, as it crosses the border of a process. */
export interface PlainError {
  /** The {@link ErrorCode}, the `code` of another error, or `INTERNAL` for a value without one. */
  readonly code: string;
  /** The message. Never empty. */
  readonly message: string;
  /** The stack trace; absent for a value without one. */
  readonly stack?: string;
  /** The cause, with its own causes, at most 10 levels deep; absent when there is none. */
  readonly cause?: PlainError;
}

/**
 * The error class of OpenRTC. Its message says what happened and what to do about it.
 *
 * Check errors with {@link isOpenRtcError} instead of `instanceof`: it also recognises errors of a second
 * installed copy of OpenRTC.
 */
export class OpenRtcError extends Error {
  /** `OpenRtcError`, whatever the code. */
  override readonly name = 'OpenRtcError';
  /** The kind of error. */
  readonly code: ErrorCode;
  /** @internal Marks the errors of every copy of OpenRTC. */
  readonly [BRAND] = true;

  /** Creates an error; `options.cause` is the error behind it. */
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
    // A revoked proxy throws here; it is not an OpenRtcError.
    return false;
  }
}

// Causes can form a cycle, and ten are more than anyone reads.
const MAX_CAUSES = 10;

/**
 * Converts any thrown value to plain data, also `undefined` and primitives. Never throws, even when a getter of
 * the value does.
 */
export function toPlainError(value: unknown): PlainError {
  return plainError(value, 0);
}

/** Restores an error that was sent as plain data, with its code, stack and causes. */
export function fromPlainError({ code, message, stack, cause }: PlainError): OpenRtcError {
  const error = new OpenRtcError(code as ErrorCode, message, { cause });
  if (stack !== undefined) error.stack = stack;
  return error;
}

function plainError(value: unknown, depth: number): PlainError {
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
      ...(cause !== undefined && depth < MAX_CAUSES ? { cause: plainError(cause, depth + 1) } : {}),
    };
  } catch (error) {
    return { code: 'INTERNAL', message: `a thrown value could not be read: ${textOf(error)}` };
  }
}

function textOf(error: unknown): string {
  try {
    return String(error);
  } catch {
    // The error of reading the value can be as unreadable as the value.
    return 'and neither could the error of reading it';
  }
}

function describe(value: object): string {
  const name = value.constructor?.name;
  return name === undefined || name === 'Object'
    ? (JSON.stringify(value) ?? 'an object was thrown')
    : `${name} thrown without a message`;
}

/** The message of any thrown value, for a log line. Never throws, never empty. */
export function messageOf(value: unknown): string {
  return toPlainError(value).message;
}
