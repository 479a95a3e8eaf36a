import { isRecord } from '../base/kind-of.js';
import type {
  MetricsStreamEvent,
  OverflowMetricsEvent,
  ReloadMetricsEvent,
  SessionMetricsEvent,
} from './metrics-stream.js';
import type { ProviderUsage } from '../call/provider-usage.js';
import type { RuntimeSnapshot } from './runtime-snapshot.js';

type Fits = (value: unknown) => boolean;

const text: Fits = (value) => typeof value === 'string';
const flag: Fits = (value) => typeof value === 'boolean';
const amount: Fits = (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const whole: Fits = (value) => Number.isSafeInteger(value) && amount(value);
const amounts: Fits = (value) => isRecord(value) && Object.values(value).every(amount);
const listOf =
  (fits: Fits): Fits =>
  (value) =>
    Array.isArray(value) && value.every(fits);
const orNull =
  (fits: Fits): Fits =>
  (value) =>
    value === null || fits(value);

/** The fields of a snapshot. */
const SNAPSHOT: Readonly<Record<keyof RuntimeSnapshot, Fits>> = {
  timestamp: amount,
  uptimeMs: amount,
  state: text,
  draining: flag,
  ready: flag,
  notReady: listOf(text),
  isolation: text,
  deploymentVersion: orNull(text),
  deployment: orNull(text),
  registeredAgents: listOf(text),
  maxConcurrentSessions: whole,
  activeSessions: whole,
  reservedSessions: whole,
  totalSessionsStarted: whole,
  totalSessionFailures: whole,
  consecutiveFailures: whole,
  totalHookErrors: whole,
  totalToolErrors: whole,
  totalProviderErrors: whole,
  totalTurns: isRecord,
  refused: amounts,
  breakers: listOf(isRecord),
  codeGeneration: whole,
  reloads: amounts,
  sessionsByAgent: amounts,
  sessionsByTenant: amounts,
  sessions: listOf(isRecord),
  lastRoutedAgent: orNull(text),
  lastError: orNull(text),
  residentSet: isRecord,
  memory: orNull(isRecord),
  eventLoopLagMs: orNull(amount),
  health: orNull(isRecord),
  livekit: isRecord,
};

/** The fields of the usage of a provider. */
const USAGE: Readonly<Record<keyof ProviderUsage, Fits>> = {
  kind: text,
  provider: text,
  model: text,
  inputTokens: whole,
  cachedInputTokens: whole,
  cacheWriteTokens: whole,
  inputAudioTokens: whole,
  cachedInputAudioTokens: whole,
  inputImageTokens: whole,
  cachedInputImageTokens: whole,
  outputTokens: whole,
  outputAudioTokens: whole,
  characters: whole,
  audioDurationMs: whole,
  connectedMs: whole,
};

/** The fields of an event of a call. */
const SESSION_EVENT: Readonly<Record<Exclude<keyof SessionMetricsEvent, 'event'>, Fits>> = {
  timestamp: amount,
  jobId: text,
  agent: text,
  tenant: text,
  room: text,
  startedAt: amount,
  status: text,
  reason: text,
  causedBy: text,
  durationMs: amount,
  faults: isRecord,
  turns: isRecord,
  usage: listOf((each) => isRecord(each) && fieldsFit(each, USAGE)),
  generation: whole,
  error: text,
};

/** The fields of the report of a reload. */
const RELOAD: Readonly<Record<Exclude<keyof ReloadMetricsEvent, 'event'>, Fits>> = {
  timestamp: amount,
  agent: text,
  generation: whole,
  outcome: text,
  files: listOf(text),
  agents: listOf(text),
  notes: listOf(text),
  calls: amounts,
  durationMs: amount,
  error: text,
};

/** The fields of the report that events were dropped. */
const OVERFLOW: Readonly<Record<Exclude<keyof OverflowMetricsEvent, 'event'>, Fits>> = {
  timestamp: amount,
  agent: text,
  overflowDropped: whole,
};

/** All events, with their fields. A new event does not compile until it has a row. */
const EVENTS: Readonly<Record<MetricsStreamEvent['event'], Readonly<Record<string, Fits>>>> = {
  session_started: SESSION_EVENT,
  session_finished: SESSION_EVENT,
  session_failed: SESSION_EVENT,
  session_reload_undone: SESSION_EVENT,
  reload: RELOAD,
  metrics_stream_overflow: OVERFLOW,
};

/**
 * Whether the payload of a line is what its kind says: each known field has its type, and the event is a known one.
 * Fields may be missing, because another version of OpenRTC may have written the line, or unknown.
 */
export function payloadFits(kind: unknown, payload: unknown): boolean {
  if (!isRecord(payload)) return false;
  switch (kind) {
    case 'snapshot':
      return fieldsFit(payload, SNAPSHOT);
    case 'event': {
      const { event } = payload;
      return (
        typeof event === 'string' &&
        Object.hasOwn(EVENTS, event) &&
        fieldsFit(payload, EVENTS[event as MetricsStreamEvent['event']])
      );
    }
    default:
      return false;
  }
}

function fieldsFit(
  payload: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, Fits>>,
): boolean {
  return Object.entries(fields).every(
    ([name, fits]) => payload[name] === undefined || fits(payload[name]),
  );
}
