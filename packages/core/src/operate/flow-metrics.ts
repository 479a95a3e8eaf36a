import { errorCodes } from '../base/errors.js';
import type { CodeResult } from '../call/code-change.js';
import type { ProviderUsage } from '../call/provider-usage.js';
import type { RefusalReason } from '../call/refusal.js';
import type { Cause } from '../call/caused-by.js';
import type { ProviderError } from '../call/provider-error.js';
import type { SessionResult } from '../call/session-result.js';
import { type SessionTurn, isUnanswered, unansweredReasons } from '../call/session-turn.js';
import { Counter } from './counter.js';
import { Histogram } from './histogram.js';
import type { BreakerState } from '../call/breaker-change.js';
import { type ReloadOutcome, reloadOutcomes } from './reload-counts.js';
import type { BlockCause } from '../call/loop-block.js';

type ByAgent = { readonly agent: string };
type ByModel = ByAgent & { readonly provider: string; readonly model: string };

// In seconds. Calls last from moments to hours.
const DURATIONS = [1, 5, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400];
// LiveKit waits 3 s for all workers together, and a worker here answers within 1 s.
const ANSWERS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];
// What a caller waits for an answer, and its parts.
const TURNS = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20];
const BLOCKS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30];
// The name of a model can come from anywhere, so the number of series is bounded.
const MAX_MODELS = 100;
const OTHER = 'other';
// The first are reasons to refuse an offer for a registered agent, the second one applies if there is no such agent.
const REASONS_WITH_AGENT = [
  'full',
  'agent_full',
  'unknown_tenant',
  'tenant_failed',
  'tenant_incomplete',
  'agent_not_allowed',
  'tenant_full',
  'tenant_rate',
  'breaker_open',
  'quarantined',
  'busy',
  'isolation',
] as const satisfies readonly RefusalReason[];
const REASON_WITHOUT_AGENT = 'unknown_agent' satisfies RefusalReason;
const CAUSES = ['code', 'host', 'unknown'] as const satisfies readonly BlockCause[];

/**
 * The series that count the calls of a worker. Labels are names of registered agents, fixed words of OpenRTC, and
 * models; never a room, a tenant, or anything else that a caller can choose.
 */
export class FlowMetrics {
  /** Accepted offers. */
  readonly accepted = new Counter<ByAgent>();
  /** Refused offers. The agent is empty if the offer named no registered agent. */
  readonly refused = new Counter<ByAgent & { readonly reason: RefusalReason }>();
  /** Assigned calls. */
  readonly started = new Counter<ByAgent>();
  /** Finished calls by outcome. */
  readonly ended = new Counter<ByAgent & { readonly status: string; readonly reason: string }>();
  /** Failed calls by error code and cause. */
  readonly failed = new Counter<ByAgent & { readonly code: string; readonly caused_by: Cause }>();
  /** Hooks and nodes that failed in calls that continued. */
  readonly hookErrors = new Counter<ByAgent>();
  /** Tools that failed in calls that continued. */
  readonly toolErrors = new Counter<ByAgent>();
  /** Errors of providers. The code is bounded, see `boundedCode`. */
  readonly providerErrors = new Counter<
    ByAgent & { readonly kind: string; readonly code: string; readonly recoverable: string }
  >();
  /** Turns that are over. The reason is empty unless there was no answer. */
  readonly turns = new Counter<ByAgent & { readonly result: string; readonly reason: string }>();
  /** Calls in which the caller got no answer at all. */
  readonly unansweredCalls = new Counter<ByAgent>();
  /** From the end of the speech of callers to the decision that their turn is over, in seconds. */
  readonly endOfTurn = new Histogram<ByAgent>(TURNS);
  /** Time to the first token of models, in seconds. */
  readonly firstToken = new Histogram<ByAgent>(TURNS);
  /** Time to the first audio of TTS, in seconds. */
  readonly firstAudio = new Histogram<ByAgent>(TURNS);
  /** What callers waited for the answer, in seconds. */
  readonly response = new Histogram<ByAgent>(TURNS);
  /** Reloads of the agents. */
  readonly reloads = new Counter<{ readonly outcome: ReloadOutcome }>();
  /** Changes of the breakers of tenants. */
  readonly breakerChanges = new Counter<{ readonly state: BreakerState }>();
  /** What reloads did to live calls. */
  readonly sessionReloads = new Counter<ByAgent & { readonly result: CodeResult }>();
  /** Tokens as providers report them. */
  readonly tokens = new Counter<ByModel & { readonly direction: string }>();
  /** Characters that were synthesized. */
  readonly characters = new Counter<ByModel>();
  /** Seconds of audio that were recognized or synthesized. */
  readonly audioSeconds = new Counter<ByModel & { readonly kind: string }>();
  /** Durations of calls, in seconds. */
  readonly durations = new Histogram<ByAgent>(DURATIONS);
  /** Time to answer an offer, in seconds. */
  readonly answers = new Histogram<{ readonly accepted: string }>(ANSWERS);
  /** Blocks of the event loop, in seconds. */
  readonly blocks = new Histogram<{ readonly cause: BlockCause }>(BLOCKS);
  /** How often the worker became full. */
  timesFull = 0;
  readonly #models = new Set<string>();

  /** Counts a finished call. */
  end(agent: string, result: SessionResult): void {
    const { status, reason, causedBy, error, durationMs, turns } = result;
    this.ended.add({ agent, status, reason });
    this.durations.record({ agent }, durationMs / 1_000);
    if (isUnanswered(turns)) this.unansweredCalls.add({ agent });
    if (status !== 'failed') return;
    // A strategy may reject with any error.
    const code = error !== undefined && Object.hasOwn(errorCodes, error.code) ? error.code : OTHER;
    this.failed.add({ agent, code, caused_by: causedBy });
  }

  /** Counts an error of a provider. */
  providerError(agent: string, { kind, code, recoverable }: ProviderError): void {
    this.providerErrors.add({
      agent,
      kind,
      code: boundedCode(code),
      recoverable: String(recoverable),
    });
  }

  /** Counts a step of a turn. */
  turn(agent: string, turn: SessionTurn): void {
    if (turn.state === 'unanswered') {
      this.turns.add({ agent, result: turn.state, reason: turn.reason });
      return;
    }
    if (turn.state !== 'asked') this.turns.add({ agent, result: turn.state, reason: '' });
    const record = (times: Histogram<ByAgent>, ms: number | undefined) => {
      if (ms !== undefined) times.record({ agent }, ms / 1_000);
    };
    record(this.endOfTurn, turn.endOfTurnMs);
    record(this.firstToken, turn.firstTokenMs);
    record(this.firstAudio, turn.firstAudioMs);
    record(this.response, turn.responseMs);
  }

  /** Adds the difference between two reports of one call; both are sums since the start of the call. */
  use(agent: string, now: readonly ProviderUsage[], before: readonly ProviderUsage[]): void {
    for (const usage of now) {
      const last = before.find(
        ({ kind, provider, model }) =>
          kind === usage.kind && provider === usage.provider && model === usage.model,
      );
      const more = (of: (usage: ProviderUsage) => number) =>
        Math.max(0, of(usage) - (last === undefined ? 0 : of(last)));
      const by = { agent, ...this.#model(usage) };
      const add = (direction: string, tokens: number) => {
        if (tokens > 0) this.tokens.add({ ...by, direction }, tokens);
      };
      add(
        'input',
        more(({ inputTokens }) => inputTokens),
      );
      add(
        'input_cached',
        more(({ cachedInputTokens }) => cachedInputTokens),
      );
      add(
        'output',
        more(({ outputTokens }) => outputTokens),
      );
      const characters = more((each) => each.characters);
      if (characters > 0) this.characters.add(by, characters);
      const audioMs = more(({ audioDurationMs }) => audioDurationMs);
      if (audioMs > 0) this.audioSeconds.add({ ...by, kind: usage.kind }, audioMs / 1_000);
    }
  }

  /**
   * Keeps series for exactly these agents, because agents may be added and removed without end. New series start at
   * 0, so that Prometheus sees the first increase.
   */
  fit(agents: ReadonlySet<string>): void {
    for (const agent of agents) {
      for (const series of [this.accepted, this.started, this.durations]) series.zero({ agent });
      for (const reason of REASONS_WITH_AGENT) this.refused.zero({ agent, reason });
      this.unansweredCalls.zero({ agent });
      for (const result of ['answered', 'interrupted'])
        this.turns.zero({ agent, result, reason: '' });
      for (const reason of unansweredReasons)
        this.turns.zero({ agent, result: 'unanswered', reason });
    }
    this.refused.zero({ agent: '', reason: REASON_WITHOUT_AGENT });
    for (const cause of CAUSES) this.blocks.zero({ cause });
    for (const state of ['open', 'half_open', 'closed'] as const)
      this.breakerChanges.zero({ state });
    for (const outcome of reloadOutcomes) this.reloads.zero({ outcome });
    for (const accepted of ['true', 'false']) this.answers.zero({ accepted });
    this.#prune(agents);
  }

  #prune(agents: ReadonlySet<string>): void {
    const known = ({ agent }: ByAgent) => agent === '' || agents.has(agent);
    for (const series of [
      this.accepted,
      this.refused,
      this.started,
      this.ended,
      this.failed,
      this.hookErrors,
      this.toolErrors,
      this.providerErrors,
      this.turns,
      this.unansweredCalls,
      this.endOfTurn,
      this.firstToken,
      this.firstAudio,
      this.response,
      this.sessionReloads,
      this.tokens,
      this.characters,
      this.audioSeconds,
      this.durations,
    ] as readonly { prune(keep: (labels: ByAgent) => boolean): void }[])
      series.prune(known);
  }

  #model({ provider, model }: ProviderUsage): { provider: string; model: string } {
    const key = JSON.stringify([provider, model]);
    if (this.#models.size < MAX_MODELS) this.#models.add(key);
    return this.#models.has(key) ? { provider, model } : { provider: OTHER, model: OTHER };
  }
}

const KNOWN_CODES = ['timeout', 'connection', 'ended', 'no_audio'];

/** HTTP statuses of errors and few words: a plugin may give each error another code. */
function boundedCode(code: string): string {
  if (/^[45]\d\d$/.test(code) || KNOWN_CODES.includes(code)) return code;
  return /^E[A-Z]+$/.test(code) ? 'connection' : OTHER;
}
