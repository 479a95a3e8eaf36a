import { type Call, OpenRtcError, type ProcessUsage } from '@openrtc/core';
import {
  type CodeChange,
  type Isolation,
  type IsolationHost,
  type HangUpSignal,
  type JobTicket,
  type Placement,
  type PreparedChange,
  type ProcessCounts,
  type Refusal,
  beforeDeadline,
} from '@openrtc/core/isolation';
import { availableParallelism } from 'node:os';

import { CallProcess } from './call-process.js';
import { IdleTarget } from './idle-target.js';
import { MemoryWatch } from './memory-watch.js';
import type { ResolvedProcesses } from './options.js';
import { place } from './placing.js';
import { ProcessFleet } from './process-fleet.js';
import { ProcessMemory } from './process-memory.js';

// An unused process costs memory; starting a new one costs a second of CPU.
const KEEP_IDLE_MS = 30_000;
const MAINTAIN_MS = 5_000;
// A process may die or hang before it gets its call, which is then placed in another one.
const MAX_ATTEMPTS = 3;

/** Runs calls in child processes. */
export class ProcessIsolation implements Isolation {
  readonly #host: IsolationHost;
  readonly #options: ResolvedProcesses;
  readonly #fleet: ProcessFleet;
  readonly #placed = new Map<string, CallProcess>();
  readonly #idle: IdleTarget;
  readonly #memory: MemoryWatch;
  readonly #room: ProcessMemory;
  readonly #timer: NodeJS.Timeout;
  #closed = false;

  /** Not usable before {@link open}. */
  constructor(host: IsolationHost, options: ResolvedProcesses) {
    this.#host = host;
    this.#options = options;
    this.#idle = new IdleTarget(options);
    this.#fleet = new ProcessFleet(host, options, () => this.#maintain());
    this.#memory = new MemoryWatch({
      options,
      report: (event) => host.report(event),
      logger: host.logger,
      processes: () => this.#fleet.list,
    });
    this.#room = new ProcessMemory(host, () => this.#fleet.list);
    this.#timer = setInterval(() => this.#maintain(), MAINTAIN_MS).unref();
  }

  /** Starts the first process. Rejects if it does not start, or with the reason of `signal`; then all is closed. */
  async open(signal: AbortSignal): Promise<void> {
    const first = this.#fleet.start(undefined);
    const abort = () => first.cancel();
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

  /** Places a call in a process, or refuses it. */
  reserve(call: Call): Placement | Refusal {
    this.#idle.countCall();
    const placed = this.#place(call);
    return placed instanceof CallProcess ? { release: () => this.#release(call.jobId) } : placed;
  }

  /** Runs a call in its process. Rejects with the error of the call or of the process. */
  async run(ticket: JobTicket, signal: HangUpSignal): Promise<void> {
    const { jobId } = ticket.info;
    try {
      await (await this.#processFor(ticket, signal)).run(ticket, signal);
    } finally {
      this.#release(jobId);
    }
  }

  /** Measures every call process. */
  async processes(): Promise<readonly ProcessUsage[]> {
    return this.#memory.measure();
  }

  /** How many processes were started, and how many ended unexpectedly. */
  processCounts(): ProcessCounts {
    return this.#fleet.counts;
  }

  /** Prepares every process for new code. */
  prepareChange(change: CodeChange): Promise<PreparedChange> {
    return this.#fleet.prepareChange(change);
  }

  /** Memory of the processes that are ready and have no call, in bytes. */
  idleMemoryBytes(): number {
    return this.#room.idleBytes();
  }

  /** Ends every process after its last call. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#fleet.close();
    this.#memory.close();
    await this.#fleet.release();
  }

  /** Waits for a process that is ready for this call and answers. */
  async #processFor(ticket: JobTicket, signal: HangUpSignal): Promise<CallProcess> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const child =
        this.#placed.get(ticket.info.jobId) ?? this.#place(ticket.info, { accepted: true });
      if (!(child instanceof CallProcess))
        throw new OpenRtcError('ISOLATION_START_FAILED', child.message);
      if (await beforeDeadline(child.isUsable(), signal)) return child;
      this.#release(ticket.info.jobId);
    }
    throw new OpenRtcError(
      'ISOLATION_START_FAILED',
      `No process could run the call: ${MAX_ATTEMPTS} of them were not ready for it.`,
    );
  }

  #place(call: Call, { accepted = false } = {}): CallProcess | Refusal {
    const group = this.#options.groupOf?.(call);
    const child =
      place(this.#fleet.list, group, {
        sessionsPerProcess: this.#options.sessionsPerProcess,
        spread: this.#spread,
      }) ??
      // An accepted call can no longer be refused.
      (accepted ? undefined : (this.#overloaded() ?? this.#room.refusal())) ??
      this.#fleet.startFor(group);
    if (!(child instanceof CallProcess)) return child;
    child.group = group;
    child.jobIds.add(call.jobId);
    this.#placed.set(call.jobId, child);
    this.#maintain();
    return child;
  }

  /** Refuses if as many event loops as there are cores are fully used: another process would have no core. */
  #overloaded(): Refusal | undefined {
    const busy = this.#fleet.list.filter((child) => child.open && child.busy).length;
    if (busy < availableParallelism()) return undefined;
    return {
      refused: 'busy',
      message: `the event loops of ${busy} processes are late with the calls they have (maxEventLoopLagMs)`,
    };
  }

  #release(jobId: string): void {
    const child = this.#placed.get(jobId);
    this.#placed.delete(jobId);
    if (child?.jobIds.delete(jobId) !== true) return;
    // The next call gets a new process.
    if (this.#options.sessionsPerProcess === 1) child.finish();
    child.idle();
    this.#maintain();
  }

  /** Keeps the right number of idle processes: starts missing ones and ends surplus ones. */
  #maintain(): void {
    if (this.#closed) return;
    const open = this.#fleet.list.filter((child) => child.open);
    const blank = open.filter(({ jobIds, group }) => jobIds.size === 0 && group === undefined);
    const active = open.filter(({ jobIds }) => jobIds.size > 0);
    const { sessionsPerProcess } = this.#options;
    const target = this.#idle.of({
      active: active.length,
      freeSeats: active.reduce((free, { jobIds }) => free + sessionsPerProcess - jobIds.size, 0),
      maxConcurrentSessions: this.#host.maxConcurrentSessions,
      spread: this.#spread,
      availableBytes: this.#room.freeBytes() ?? process.availableMemory?.(),
      processBytes: this.#memory.largestBytes,
    });
    // One after the other: a start uses a core for a second, and no call waits for this one.
    if (blank.length < target && blank.every(({ state }) => state === 'ready'))
      this.#fleet.startIdle();
    const now = performance.now();
    const idle = open.filter(
      ({ jobIds, idleSince }) => jobIds.size === 0 && now - idleSince > KEEP_IDLE_MS,
    );
    let spare = blank.length - target;
    for (const child of idle) {
      // A process that has had a group cannot be used by another one.
      if (child.group === undefined && spare-- <= 0) continue;
      child.finish();
    }
  }

  get #spread(): number {
    return this.#options.groupOf === undefined ? availableParallelism() : 1;
  }
}
