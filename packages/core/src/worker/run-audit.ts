import { hostname } from 'node:os';
import { basename } from 'node:path';

import type { AgentRegistry } from '../agents/registry.js';
import { toPlainError } from '../base/errors.js';
import { version as openrtc } from '../base/version.js';
import type { BreakerChange, BreakerState } from '../call/breaker-change.js';
import type { Call, SessionInfo } from '../call/call.js';
import type { RefusalReason } from '../call/refusal.js';
import { type ReloadReport, countByResult } from '../call/reload-report.js';
import type { SessionResult } from '../call/session-result.js';
import type { PoolSource } from '../launch/isolation-strategy.js';
import type { Registration } from '../link/registration.js';
import { drainActors, reloadActors } from '../operate/audit-catalog.js';
import type {
  AuditDetails,
  AuditError,
  DrainCause,
  Noted,
  ReloadCause,
} from '../operate/audit-event.js';
import type { OperateOptions } from '../operate/operate-options.js';
import { CountedEvents } from '../operate/counted-events.js';
import type { CodeChanged, SessionObserver } from '../settle/session-observer.js';
import { auditedOptions } from '../options/audited-options.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import type { ResolvedOptions } from '../options/resolve-options.js';

const BREAKER = {
  open: 'breaker.opened',
  half_open: 'breaker.probed',
  closed: 'breaker.closed',
} as const satisfies Record<BreakerState, keyof AuditDetails>;

/** What a run is about. */
export interface AuditedRun {
  readonly options: AgentPoolOptions;
  readonly resolved: ResolvedOptions;
  readonly registry: Pick<AgentRegistry, 'names'>;
  readonly source: Pick<PoolSource, 'entry'>;
}

/** What a drain is about. */
export interface DrainNote {
  /** `end`: live calls are ended now. Default: `finish`, they go on to their end. */
  readonly calls?: 'finish' | 'end';
  /** The signal that asked for it. */
  readonly signal?: string;
  /** The fault that caused it. */
  readonly error?: unknown;
}

/** What of a run is written down, in the words of the audit. */
export class RunAudit implements SessionObserver {
  readonly #write: (noted: Noted) => void;
  /** A drain may be asked for before the run has begun. Undefined from then on. */
  #early: Noted[] | undefined = [];
  readonly #liveCalls: () => number;
  readonly #began = performance.now();
  readonly #refused: CountedEvents<RefusalReason>;
  readonly #undone: CountedEvents<Pick<CodeChanged, 'generation' | 'error'>>;
  readonly #ended = { calls: 0, failedCalls: 0, cutCalls: 0 };
  #drainBegan: number | undefined;
  #calls: 'finish' | 'end' | undefined;

  /**
   * @param note - writes an event down
   * @param liveCalls - the number of live calls
   */
  constructor(note: (noted: Noted) => void, liveCalls: () => number) {
    this.#write = note;
    this.#liveCalls = liveCalls;
    this.#refused = new CountedEvents((reason, counts) =>
      this.#note({
        event: 'call.refused',
        actor: 'system',
        target: counts.count === 1 ? 'a call' : 'calls',
        result: 'refused',
        details: { reason, ...counts },
      }),
    );
    this.#undone = new CountedEvents(({ generation, error }, counts) =>
      this.#note({
        event: 'reload.rolled_back',
        actor: 'system',
        target: counts.count === 1 ? 'a call' : 'calls',
        result: 'failed',
        details: { generation, error: errorOf(error), ...counts },
      }),
    );
  }

  /** The run has begun, with these options of `run()`. */
  started({ options, resolved, registry, source }: AuditedRun, run: OperateOptions): void {
    const { pid, versions } = process;
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#note({
      event: 'worker.started',
      actor: 'system',
      target: 'worker',
      result: 'ok',
      details: {
        pid,
        host: hostname(),
        entry: basename(source.entry),
        openrtc,
        node: versions.node,
        agents: registry.names(),
        configuration: auditedOptions({ ...options, ...run }, resolved),
      },
    });
    for (const noted of early) this.#note(noted);
  }

  /** LiveKit has registered the worker. */
  registered({ agentName, jobType, deployment }: Registration, workerId: string, again: boolean) {
    this.#note({
      event: 'worker.registered',
      actor: 'system',
      target: 'worker',
      result: 'ok',
      details: { workerId, agentName, jobType, deployment, again },
    });
  }

  /** An offer was refused; `call` as far as it is known. */
  refused(reason: RefusalReason, call?: Pick<Call, 'agent' | 'tenant'>): void {
    this.#refused.add(reason, reason, call);
  }

  /** No more calls are taken, or live ones are ended. Asking again for what has begun is no event. */
  draining(by: DrainCause, { calls = 'finish', signal, error }: DrainNote = {}): void {
    if (this.#calls === 'end' || this.#calls === calls) return;
    this.#calls = calls;
    this.#drainBegan ??= performance.now();
    this.#note({
      event: 'worker.draining',
      actor: drainActors[by],
      target: 'worker',
      result: 'ok',
      details: {
        by,
        signal: signal ?? null,
        calls,
        liveCalls: this.#liveCalls(),
        error: errorOf(error),
      },
    });
  }

  /** The run is over; `failed` holds the error with which `run()` rejects. */
  closed(failed?: { readonly error: unknown }): void {
    this.#refused[Symbol.dispose]();
    this.#undone[Symbol.dispose]();
    const leftCalls = this.#liveCalls();
    const cut = this.#ended.cutCalls + leftCalls > 0;
    const now = performance.now();
    this.#note({
      event: 'worker.closed',
      actor: 'system',
      target: 'worker',
      result: failed === undefined ? 'ok' : 'failed',
      details: {
        how: failed === undefined ? (cut ? 'ended' : 'drained') : 'failed',
        uptimeMs: Math.round(now - this.#began),
        drainMs: this.#drainBegan === undefined ? null : Math.round(now - this.#drainBegan),
        ...this.#ended,
        leftCalls,
        error: failed === undefined ? null : errorOf(failed.error ?? 'undefined was thrown'),
      },
    });
  }

  /** The agents were reloaded, or could not be. */
  reloaded(report: ReloadReport, by: ReloadCause): void {
    const { outcome, generation, files, durationMs, agents, calls, error } = report;
    const reload = { by, generation, files, durationMs };
    const common = { actor: reloadActors[by], target: 'agents' } as const;
    if (outcome === 'applied')
      this.#note({
        ...common,
        event: 'reload.applied',
        result: 'ok',
        details: { ...reload, agents, calls: countByResult(calls) },
      });
    else if (outcome === 'refused')
      this.#note({
        ...common,
        event: 'reload.refused',
        result: 'failed',
        details: { ...reload, error: errorOf(error) },
      });
  }

  onSessionEnd(_info: SessionInfo, { status }: SessionResult): void {
    this.#ended.calls += 1;
    if (status === 'failed') this.#ended.failedCalls += 1;
    if (status === 'cancelled') this.#ended.cutCalls += 1;
  }

  onBreakerChange({ state, tenant, agent, unanswered, calls }: BreakerChange): void {
    this.#note({
      event: BREAKER[state],
      actor: 'system',
      target: `tenant ${tenant}`,
      result: 'ok',
      details: { tenant, agent, unanswered, calls },
    });
  }

  onCodeChange({ agent, tenant }: SessionInfo, { result, generation, error }: CodeChanged): void {
    if (result === 'undone')
      this.#undone.add(
        String(generation),
        { generation, ...(error && { error }) },
        { agent, tenant },
      );
  }

  #note(noted: Noted): void {
    if (this.#early === undefined) this.#write(noted);
    else this.#early.push(noted);
  }
}

function errorOf(error: unknown): AuditError | null {
  if (error === undefined) return null;
  const { code, message } = toPlainError(error);
  return { code, message };
}
