import { createHmac, randomBytes } from 'node:crypto';

import type { Logger } from '../base/logger.js';
import type { Call, MetadataValues, SessionInfo } from '../call/call.js';
import { type CallHistory, worthOf } from '../call/call-worth.js';
import type { Refusal } from '../call/refusal.js';
import type { SessionOutcome } from '../call/session-outcome.js';
import type { Admission } from './admission.js';
import { Circuit } from './circuit.js';

/** When a job is quarantined, and for how long. All times are in milliseconds. */
export interface QuarantineLimits {
  /** The number of calls that must fail, one after the other. */
  readonly failures: number;
  /** Only failures within this time are counted. */
  readonly windowMs: number;
  /** How long further calls are refused, before one is tried. */
  readonly cooldownMs: number;
}

/** What a {@link Quarantine} needs. */
export interface QuarantineParts {
  readonly limits: QuarantineLimits;
  /** The calls that have a place. */
  readonly admission: () => Pick<Admission, 'count'>;
  /** The revision of an agent. New code is not blamed for what the code before it did. */
  readonly revisionOf: (agent: string) => number;
  readonly logger: Logger;
}

/** What the quarantine knows of a call. */
export interface QuarantineCall {
  readonly info: Pick<SessionInfo, 'jobId' | 'agent' | 'tenant' | 'metadata'>;
  /** When it was assigned, in milliseconds of `performance.now()`. */
  readonly since: number;
  readonly history: CallHistory;
}

type Job = Pick<Call, 'agent' | 'tenant'>;

/** A job that has failed. It must not keep its metadata in memory, which may be large. */
interface BadJob extends Job {
  readonly circuit: Circuit;
  readonly revision: number;
  /** The code of the last failure. */
  code: string;
  failures: number;
  failedAt: number;
}

// Metadata of callers may be anything.
const MOST_JOBS = 10_000;
// A call that is tried and in which nobody asks anything has at least not failed.
const PROBE_MS = 30_000;
// They say who answers and who pays, and most calls of a tenant have the same: nothing about this one job.
const ROUTING: readonly string[] = ['agent', 'demo', 'tenant'];

/**
 * Refuses jobs that fail again and again for a while: an app dispatches a job anew when it has failed, and each try takes
 * a place and the time of the worker. Jobs are the same when agent, tenant and metadata are the same. It is counted how
 * often they failed with the same code, one after the other, because of the agent or of a provider: what the network, the
 * machine or a deploy does says nothing about a job. A call that is answered ends it.
 *
 * Jobs without metadata of their own are never refused: they are all alike, so their failures are not those of one job.
 */
export class Quarantine implements Disposable {
  readonly #options: QuarantineParts;
  readonly #jobs = new Map<string, BadJob>();
  readonly #keys = new WeakMap<MetadataValues, string | undefined>();
  // So that short metadata, such as a phone number, cannot be guessed from a digest in the log.
  readonly #secret = randomBytes(32);

  constructor(options: QuarantineParts) {
    this.#options = options;
  }

  /** A gate of the admission, for the end: a call that it lets through may be the one that is tried. */
  readonly gate = (call: Call, metadata: MetadataValues): Refusal | undefined => {
    const job = this.#known(call, metadata);
    if (job === undefined) return undefined;
    const why = job.circuit.refuses();
    if (why === undefined) {
      job.circuit.take(call.jobId);
      return undefined;
    }
    return {
      refused: 'quarantined',
      message: `calls of agent "${call.agent}" and tenant "${call.tenant}" with this metadata have failed ${job.failures} times in a row (${job.code}); ${why} (quarantine)`,
    };
  };

  /** Judges a call by what it is worth so far; with its outcome, by what it was worth. */
  judge(call: QuarantineCall, outcome?: SessionOutcome): void {
    const { info, since, history } = call;
    const worth = worthOf(history, outcome);
    if (worth === 'failed') return this.#failed(call, outcome?.error?.code ?? 'unknown');
    const job = this.#known(info, info.metadata);
    if (job === undefined) return;
    if (worth === 'answered') this.#clear(info, job);
    else job.circuit.judge({ ...info, since }, 'unknown', outcome !== undefined);
  }

  /** The number of jobs that it remembers. */
  get size(): number {
    return this.#jobs.size;
  }

  /** Forgets everything. */
  [Symbol.dispose](): void {
    for (const key of this.#jobs.keys()) this.#forget(key);
  }

  #failed({ info, since }: QuarantineCall, code: string): void {
    const key = this.#keyOf(info, info.metadata);
    if (key === undefined) return;
    const before = this.#known(info, info.metadata);
    const another = before?.circuit.state === 'closed' && before.code !== code;
    if (another) this.#forget(key);
    const job = (another ? undefined : before) ?? this.#remember(key, info, code);
    // A burst of calls that fail together has failed once: one outage must not be taken for a bad job.
    if (since < job.failedAt) return;
    job.code = code;
    job.failures += 1;
    job.failedAt = performance.now();
    job.circuit.judge({ ...info, since }, 'failed', true);
  }

  #known(call: Job, metadata: MetadataValues): BadJob | undefined {
    // Metadata may be large, and nearly always there is nothing to compare it with.
    if (this.#jobs.size === 0) return undefined;
    const key = this.#keyOf(call, metadata);
    const job = key === undefined ? undefined : this.#jobs.get(key);
    if (key === undefined || job?.revision === this.#options.revisionOf(call.agent)) return job;
    this.#forget(key);
    return undefined;
  }

  #remember(key: string, { agent, tenant }: Job, code: string): BadJob {
    const { limits, admission, revisionOf } = this.#options;
    const { windowMs, cooldownMs, failures } = limits;
    const job: BadJob = {
      agent,
      tenant,
      circuit: new Circuit({
        limits: { windowMs, cooldownMs, minCalls: failures, failureRatio: 1, probeMs: PROBE_MS },
        isHere: (jobId) => admission().count((each) => each.jobId === jobId) > 0,
        onChange: (state) => {
          if (state === 'closed') this.#forget(key);
          this.#log(state, job, key);
        },
      }),
      revision: revisionOf(agent),
      code,
      failures: 0,
      failedAt: -Infinity,
    };
    this.#jobs.set(key, job);
    const [oldest] = this.#jobs.keys();
    if (this.#jobs.size > MOST_JOBS && oldest !== undefined) this.#forget(oldest);
    return job;
  }

  #clear(info: QuarantineCall['info'], job: BadJob): void {
    const key = this.#keyOf(info, info.metadata) ?? '';
    this.#forget(key);
    if (job.circuit.state !== 'closed') this.#log('closed', job, key);
  }

  #forget(key: string): void {
    this.#jobs.get(key)?.circuit[Symbol.dispose]();
    this.#jobs.delete(key);
  }

  /** Undefined: it has no metadata of its own. */
  #keyOf({ agent, tenant }: Job, metadata: MetadataValues): string | undefined {
    if (!this.#keys.has(metadata)) this.#keys.set(metadata, this.#digestOf(metadata));
    const digest = this.#keys.get(metadata);
    // No name has a slash.
    return digest === undefined ? undefined : `${tenant}/${agent}/${digest}`;
  }

  #digestOf(metadata: MetadataValues): string | undefined {
    const own = Object.entries(metadata).filter(([key]) => !ROUTING.includes(key));
    if (own.length === 0) return undefined;
    return createHmac('sha256', this.#secret).update(JSON.stringify(own)).digest('base64url');
  }

  #log(state: Circuit['state'], job: BadJob, key: string): void {
    const { logger, limits } = this.#options;
    const { agent, tenant, code, failures } = job;
    // Tells jobs apart, in the log of this worker.
    const fields = { agent, tenant, code, metadataDigest: key.slice(-43).slice(0, 12) };
    const what = `quarantine: agent "${agent}", tenant "${tenant}"`;
    const { cooldownMs } = limits;
    if (state === 'open')
      logger.error(
        { ...fields, failures, cooldownMs },
        `${what}: calls with the same metadata have failed ${failures} times in a row (${code}): further ones are refused for ${cooldownMs / 1_000} s`,
      );
    else if (state === 'half_open') logger.info(fields, `${what}: one call is tried`);
    else logger.info(fields, `${what}: calls with the same metadata are taken again`);
  }
}
