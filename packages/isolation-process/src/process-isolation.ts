import { type Call, OpenRtcError, type ProcessUsage } from '@openrtc/core';
import {
  type Isolation,
  type IsolationHost,
  type HangUpSignal,
  type JobTicket,
  type Placement,
  type ProcessCounts,
  type Refusal,
  beforeDeadline,
} from '@openrtc/core/isolation';
import { availableParallelism } from 'node:os';

import { CallProcess } from './call-process.js';
import { type ChildCommand, childCommand } from './child-command.js';
import { IdleTarget } from './idle-target.js';
import { MemoryWatch } from './memory-watch.js';
import type { ResolvedProcesses } from './options.js';
import { OrphanGuard } from './orphan-guard.js';
import { place } from './placing.js';
import { StartBudget } from './start-budget.js';
import { StartGate } from './start-gate.js';

// A process nobody needs costs memory; starting one costs a second of CPU.
const KEEP_IDLE_MS = 30_000;
const TIDY_MS = 5_000;
// A process that is not ready for a call, or dies before it has it, is none of the call's business.
const MOST_PLACES = 3;

/** Calls in child processes. */
export class ProcessIsolation implements Isolation {
  readonly #host: IsolationHost;
  readonly #options: ResolvedProcesses;
  readonly #command: ChildCommand;
  readonly #processes = new Set<CallProcess>();
  readonly #placed = new Map<string, CallProcess>();
  readonly #budget = new StartBudget();
  // One core is left to the calls there are.
  readonly #gate = new StartGate(Math.max(1, availableParallelism() - 1));
  readonly #idle: IdleTarget;
  readonly #memory: MemoryWatch;
  readonly #guard: OrphanGuard;
  readonly #tidy: NodeJS.Timeout;
  readonly #onExit = () => this.#killAll();
  #retry: NodeJS.Timeout | undefined;
  #started = 0;
  #lost = 0;
  #closed = false;

  constructor(host: IsolationHost, options: ResolvedProcesses) {
    this.#host = host;
    this.#options = options;
    this.#command = childCommand(host.source, options);
    this.#idle = new IdleTarget(options);
    this.#guard = new OrphanGuard(host.logger);
    this.#memory = new MemoryWatch({
      options,
      report: (event) => host.report(event),
      logger: host.logger,
      processes: () => [...this.#processes],
    });
    this.#tidy = setInterval(() => this.#maintain(), TIDY_MS).unref();
    // Also where somebody calls process.exit().
    process.on('exit', this.#onExit);
  }

  /** Starts the first process: where that does not come up, none will. */
  async open(signal: AbortSignal): Promise<void> {
    const first = this.#start(undefined);
    const abort = () => first.callOff();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    try {
      await first.ready;
      this.#maintain();
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  reserve(call: Call): Placement | Refusal {
    this.#idle.called();
    const placed = this.#place(call);
    return placed instanceof CallProcess ? { release: () => this.#release(call.jobId) } : placed;
  }

  async run(ticket: JobTicket, signal: HangUpSignal): Promise<void> {
    const { jobId } = ticket.info;
    try {
      await (await this.#processFor(ticket, signal)).run(ticket, signal);
    } finally {
      this.#release(jobId);
    }
  }

  async processes(): Promise<readonly ProcessUsage[]> {
    return this.#memory.look();
  }

  processCounts(): ProcessCounts {
    return { started: this.#started, lost: this.#lost };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearInterval(this.#tidy);
    clearTimeout(this.#retry);
    const all = [...this.#processes];
    for (const child of all) child.finish();
    await Promise.all(all.map(({ gone }) => gone));
    this.#memory.close();
    await this.#guard.close();
    process.off('exit', this.#onExit);
  }

  /** A process that is ready for this call and answers. */
  async #processFor(ticket: JobTicket, signal: HangUpSignal): Promise<CallProcess> {
    for (let tries = 1; tries <= MOST_PLACES; tries += 1) {
      const child =
        this.#placed.get(ticket.info.jobId) ?? this.#place(ticket.info, { accepted: true });
      if (!(child instanceof CallProcess))
        throw new OpenRtcError('ISOLATION_START_FAILED', child.message);
      if (await beforeDeadline(child.takes(), signal)) return child;
      this.#release(ticket.info.jobId);
    }
    throw new OpenRtcError(
      'ISOLATION_START_FAILED',
      `No process took the call: ${MOST_PLACES} of them were not ready for it.`,
    );
  }

  #place(call: Call, { accepted = false } = {}): CallProcess | Refusal {
    const group = this.#options.groupOf?.(call);
    const child =
      place([...this.#processes], group, {
        sessionsPerProcess: this.#options.sessionsPerProcess,
        spread: this.#spread,
      }) ??
      // What was accepted is not refused any more.
      (accepted ? undefined : this.#overloaded()) ??
      this.#startFor(group);
    if (!(child instanceof CallProcess)) return child;
    child.group = group;
    child.jobIds.add(call.jobId);
    this.#placed.set(call.jobId, child);
    this.#maintain();
    return child;
  }

  /** As many event loops as there are cores carry no more: another process would have no core to run on. */
  #overloaded(): Refusal | undefined {
    const busy = [...this.#processes].filter((child) => child.open && child.busy).length;
    if (busy < availableParallelism()) return undefined;
    return {
      refused: 'busy',
      message: `the event loops of ${busy} processes are late with the calls they have (maxEventLoopLagMs)`,
    };
  }

  #startFor(group: string | undefined): CallProcess | Refusal {
    const { exhausted, waitMs } = this.#budget;
    if (exhausted !== undefined || waitMs > 0)
      return {
        refused: 'isolation',
        message: `no process is ready, and the last one did not start: ${exhausted?.message ?? 'trying again soon'}`,
      };
    return this.#start(group);
  }

  #release(jobId: string): void {
    const child = this.#placed.get(jobId);
    this.#placed.delete(jobId);
    if (child?.jobIds.delete(jobId) !== true) return;
    // Nothing of one call is left for the next one.
    if (this.#options.sessionsPerProcess === 1) child.finish();
    child.idle();
    this.#maintain();
  }

  #start(group: string | undefined): CallProcess {
    const child = new CallProcess({
      host: this.#host,
      command: this.#command,
      startTimeoutMs: this.#options.startTimeoutMs,
      group,
      gate: this.#gate,
      onStarted: (pid) => {
        this.#started += 1;
        this.#guard.watch(pid);
      },
      onGone: (gone) => this.#forget(gone),
    });
    this.#processes.add(child);
    child.ready.then(
      () => {
        this.#budget.succeeded();
        this.#maintain();
      },
      (error: Error) => {
        if (this.#closed || !child.wanted) return;
        this.#budget.failed(error);
        this.#host.logger.error({ error, pid: child.pid }, error.message);
      },
    );
    return child;
  }

  #forget(child: CallProcess): void {
    if (this.#processes.delete(child) && child.lost) this.#lost += 1;
    if (child.pid !== undefined) this.#guard.forget(child.pid);
    this.#maintain();
  }

  /** As many processes wait as should: starts what is missing, lets go what is too much. */
  #maintain(): void {
    if (this.#closed) return;
    const open = [...this.#processes].filter((child) => child.open);
    const blank = open.filter(({ jobIds, group }) => jobIds.size === 0 && group === undefined);
    const active = open.filter(({ jobIds }) => jobIds.size > 0);
    const { sessionsPerProcess } = this.#options;
    const target = this.#idle.of({
      active: active.length,
      freeSeats: active.reduce((free, { jobIds }) => free + sessionsPerProcess - jobIds.size, 0),
      maxConcurrentSessions: this.#host.maxConcurrentSessions,
      spread: this.#spread,
      availableBytes: process.availableMemory?.(),
      processBytes: this.#memory.largestBytes,
    });
    // One after the other: a start takes a core for a second, and nobody waits for this one.
    if (blank.length < target && blank.every(({ state }) => state === 'ready')) this.#startIdle();
    const now = performance.now();
    const idle = open.filter(
      ({ jobIds, idleSince }) => jobIds.size === 0 && now - idleSince > KEEP_IDLE_MS,
    );
    let spare = blank.length - target;
    for (const child of idle) {
      // One that was a group's is nobody else's.
      if (child.group === undefined && spare-- <= 0) continue;
      child.finish();
    }
  }

  #startIdle(): void {
    const { waitMs } = this.#budget;
    if (waitMs === 0) {
      this.#start(undefined);
      return;
    }
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#maintain(), waitMs).unref();
  }

  get #spread(): number {
    return this.#options.groupOf === undefined ? availableParallelism() : 1;
  }

  #killAll(): void {
    for (const child of this.#processes) child.kill();
  }
}
