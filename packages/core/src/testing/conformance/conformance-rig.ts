import assert from 'node:assert/strict';

import type { SessionInfo } from '../../call/call.js';
import type { AgentPool } from '../../pool/agent-pool.js';
import type { AgentPoolOptions } from '../../options/pool-options.js';
import type { SessionResult } from '../../call/session-result.js';
import { messageOf } from '../../base/errors.js';
import { type Boxed, timeBox } from '../../base/time-box.js';
import type { EmbeddedCall } from '../embedded/embedded-call.js';
import type { EmbeddedJobSnapshot } from '../embedded/embedded-job.js';
import { type EmbeddedLiveKit, startEmbeddedLiveKit } from '../embedded/embedded-livekit.js';
import type { EmbeddedCallerOptions } from '../embedded/embedded-options.js';
import { type CallFacts, decodeFacts, GREETING } from './conformance-agents.js';
import { VersionLoader } from './conformance-code.js';
import { type ConformanceScenario, poolWithCode } from './conformance-pool.js';
import type { IsolationSuiteOptions } from './isolation-suite-options.js';
import { type SeamEvent, type SeamHooks, WatchedStrategy } from './watched-strategy.js';

/** The end of a call, as an observer is told. */
export interface EndedCall {
  readonly info: SessionInfo;
  readonly outcome: SessionResult;
}

// Between two looks at what has no event of its own.
const LOOK_MS = 2;

/** What one case works with: an endpoint, a whole pool on it, and the strategy under test in that. */
export class ConformanceRig {
  readonly livekit: EmbeddedLiveKit;
  readonly hooks: SeamHooks;
  readonly seam: WatchedStrategy;
  readonly pool: AgentPool;
  /** The code of the agent `versioned`, in the worker. */
  readonly code = new VersionLoader(true);
  readonly started: SessionInfo[] = [];
  readonly endings: EndedCall[] = [];
  readonly #patienceMs: number;
  readonly #pools: AgentPool[] = [];
  #finished: Promise<Boxed<void>> | undefined;
  #ended: Boxed<void> | undefined;

  private constructor(
    livekit: EmbeddedLiveKit,
    strategy: WatchedStrategy,
    hooks: SeamHooks,
    scenario: ConformanceScenario,
    patienceMs: number,
  ) {
    this.livekit = livekit;
    this.hooks = hooks;
    this.seam = strategy;
    this.#patienceMs = patienceMs;
    this.pool = this.#pool(scenario, {
      isolation: strategy,
      observers: [
        {
          onSessionStart: (info) => void this.started.push(info),
          onSessionEnd: (info, outcome) => void this.endings.push({ info, outcome }),
        },
      ],
    });
  }

  static async open(
    options: IsolationSuiteOptions,
    scenario: ConformanceScenario,
    hooks: SeamHooks = {},
  ): Promise<ConformanceRig> {
    const livekit = await startEmbeddedLiveKit();
    const strategy = new WatchedStrategy(await options.createStrategy(scenario), hooks);
    return new ConformanceRig(livekit, strategy, hooks, scenario, options.patienceMs ?? 10_000);
  }

  /** Starts the pool and waits until it has registered. */
  async start(): Promise<void> {
    void this.run();
    const registered = () => this.livekit.workers.length > 0;
    await this.until('the worker to register', () => registered() || this.#ended !== undefined);
    if (!registered()) assert.fail(`the worker did not register${this.#howItEnded()}`);
  }

  /** Starts the pool. Never rejects: what came of `run()` is in what it resolves with. */
  run(): Promise<Boxed<void>> {
    this.#finished ??= this.pool.run({ processHandlers: false }).then(
      (value) => (this.#ended = { kind: 'done', value }),
      (error: unknown) => (this.#ended = { kind: 'failed', error }),
    );
    return this.#finished;
  }

  /** Another worker on the same endpoint, which runs its calls its own way. */
  async startNeighbour(options: AgentPoolOptions): Promise<AgentPool> {
    const pool = this.#pool({}, options);
    const before = this.livekit.workers.length;
    pool.run({ processHandlers: false }).catch(() => undefined);
    await this.until('the neighbour to register', () => this.livekit.workers.length > before);
    return pool;
  }

  /** A caller who has been greeted. */
  async dial(options: EmbeddedCallerOptions = {}): Promise<EmbeddedCall> {
    const call = await this.livekit.call({ joinTimeoutMs: this.#patienceMs, ...options });
    assert.equal(await this.within('the greeting', call.nextReply()), GREETING);
    return call;
  }

  /** What the agent answers. */
  say(call: EmbeddedCall, text: string): Promise<string> {
    return this.within(`an answer to "${text}"`, call.say(text));
  }

  /** What the agent of a call knows. */
  async facts(call: EmbeddedCall): Promise<CallFacts> {
    return decodeFacts(await this.say(call, 'facts'));
  }

  /** The caller hangs up, and the call comes to its end. */
  async hangUp(call: EmbeddedCall): Promise<EndedCall> {
    call.hangUp();
    return this.ended(call.jobId);
  }

  /** The end of a job, once observers were told. */
  async ended(jobId: string): Promise<EndedCall> {
    const find = () => this.endings.find(({ info }) => info.jobId === jobId);
    await this.until(
      `observers to be notified of the end of job ${jobId}`,
      () => find() !== undefined,
    );
    const ending = find();
    assert.ok(ending);
    return ending;
  }

  /** How the promise of the strategy for a job settled. */
  async settled(jobId: string): Promise<Extract<SeamEvent, { kind: 'settled' }>> {
    const find = () => this.seam.of(jobId).find((event) => event.kind === 'settled');
    await this.until(`run() to settle for job ${jobId}`, () => find() !== undefined);
    const event = find();
    assert.ok(event);
    return event;
  }

  /** A job as LiveKit has it, once it is over there. */
  async recorded(jobId: string): Promise<EmbeddedJobSnapshot> {
    const find = () => this.job(jobId);
    await this.until(
      `job ${jobId} to be recorded`,
      () => find().status !== 'running' && find().status !== 'pending',
    );
    return find();
  }

  /** A job as LiveKit has it now. */
  job(jobId: string): EmbeddedJobSnapshot {
    const job = this.livekit.jobs.find((candidate) => candidate.jobId === jobId);
    assert.ok(job, `there is no job ${jobId}`);
    return job;
  }

  /** True while somebody of that identity is in a room. */
  present(identity: string): boolean {
    return this.livekit.rooms.some(({ identities }) => identities.includes(identity));
  }

  /** Waits for a state; `what` is named when it does not come. */
  async until(what: string | (() => string), holds: () => boolean): Promise<void> {
    const deadline = performance.now() + this.#patienceMs;
    while (!holds()) {
      if (performance.now() > deadline)
        assert.fail(
          `waited for ${typeof what === 'string' ? what : what()}, in vain: not within ${this.#patienceMs} ms${this.#howItEnded()}`,
        );
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Waits for a promise; `what` is named when it does not settle. */
  async within<T>(what: string, work: PromiseLike<T>): Promise<T> {
    const ran = await timeBox(this.#patienceMs, () => work);
    if (ran.kind === 'done') return ran.value;
    const why = ran.kind === 'failed' ? messageOf(ran.error) : `not within ${this.#patienceMs} ms`;
    assert.fail(`waited for ${what}, in vain: ${why}`);
  }

  /** The end of `run()`, for a message: it explains why what was waited for did not come. */
  #howItEnded(): string {
    const ended = this.#ended;
    if (ended === undefined) return '';
    return ended.kind === 'failed'
      ? `; run() had rejected: ${messageOf(ended.error)}`
      : '; run() had resolved';
  }

  /** Ends every call and every worker; fails when the pool does not come to its end. */
  async close(): Promise<void> {
    const closing = Promise.all(this.#pools.map((pool) => pool.close()));
    const ran = await timeBox(this.#patienceMs, () => closing);
    // Whatever keeps a call in its room, it is put out now.
    await this.livekit.close();
    if (ran.kind === 'timeout') assert.fail('the pool was closed and did not come to its end');
  }

  #pool(scenario: ConformanceScenario, options: AgentPoolOptions): AgentPool {
    const { url, apiKey, apiSecret } = this.livekit;
    const livekit = { url, apiKey, apiSecret };
    const pool = poolWithCode(scenario, { livekit, ...options }, this.code);
    this.#pools.push(pool);
    return pool;
  }
}
