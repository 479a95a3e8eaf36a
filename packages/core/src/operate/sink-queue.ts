import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { timeBox } from '../base/time-box.js';
import { backoffDelay } from '../link/backoff.js';
import { runOutsideCalls } from '../sdk/outside-calls.js';
import type { AuditEvent } from './audit-event.js';

/** An event that waits for a sink. */
export interface QueuedEvent {
  readonly event: AuditEvent;
  /** The event as JSON, with a newline. */
  readonly line: string;
}

/** What has become of the events that a sink was given. */
export interface Sent {
  /** How many it has taken, from the first one on. */
  readonly done: number;
  /** Why it has not taken the others. `again`: it may take them later. */
  readonly failed?: { readonly error: unknown; readonly again: boolean };
}

/** Brings events to one place. */
export interface Delivery {
  /** Its name in metrics and in the log. */
  readonly name: string;
  /** The most events that it takes at a time. */
  readonly most: number;
  /** How often the same events are sent again. */
  readonly retries: number;
  /** Sends events. `signal` aborts when nobody waits for it any more. */
  send(events: readonly QueuedEvent[], signal: AbortSignal): Promise<Sent>;
  /** Frees what it holds. */
  close(): Promise<void>;
}

/** The events that a sink has not got. */
export interface Lost {
  readonly sink: string;
  readonly count: number;
  readonly fromSeq: number;
  readonly toSeq: number;
}

/** Options of {@link SinkQueue}. */
export interface SinkQueueOptions {
  readonly delivery: Delivery;
  /** Called when the sink works again after events were lost. */
  readonly onRecovered: (lost: Lost) => void;
  readonly logger: Logger;
}

// While a sink is slow or fails, events wait. Beyond this they are lost: the memory of the worker is bounded.
const MAX_EVENTS = 1_000;
const MAX_BYTES = 4 * 1_024 * 1_024;
// A sink that has not answered for so long is reported. It is not asked again meanwhile.
const STALL_MS = 5_000;
const PAUSES = { firstMs: 1_000, capMs: 30_000 };
// What waits then is sent in this time, or lost.
const CLOSE_MS = 2_000;
// A sink that fails and works in turns must not fill the log.
const REPORT_EVERY_MS = 60_000;

/**
 * Brings events to a sink, in their order and one batch at a time. Nobody waits for it: events are queued, and those that
 * a sink does not take, or that come while the queue is full, are lost and counted.
 */
export class SinkQueue {
  /** The number of events that were lost. */
  lost = 0;
  readonly #options: SinkQueueOptions;
  readonly #queue: QueuedEvent[] = [];
  readonly #closing = new AbortController();
  readonly #over = new AbortController();
  #bytes = 0;
  #running: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  #attempt = 0;
  #unreported: Lost | undefined;
  #failing = false;
  #said = false;
  readonly #saidAt = new Map<string, number>();

  constructor(options: SinkQueueOptions) {
    this.#options = options;
  }

  /** The name of the sink. */
  get name(): string {
    return this.#options.delivery.name;
  }

  /** Queues an event. Never throws and never waits. */
  push(entry: QueuedEvent): void {
    const full = this.#queue.length >= MAX_EVENTS || this.#bytes >= MAX_BYTES;
    if (full || this.#over.signal.aborted)
      return this.#lose([entry], new Error('more events wait for it than may wait'));
    this.#queue.push(entry);
    this.#bytes += entry.line.length;
    // Not as part of the call whose code has caused it.
    this.#running ??= runOutsideCalls(() => this.#run());
  }

  /** Sends what waits, for 2 s at most, and frees the sink. Never rejects. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    const failed = (error: unknown) => this.#fail(error);
    const ran = await timeBox(CLOSE_MS, () => this.#finish(), failed);
    this.#over.abort();
    if (ran.kind === 'failed') failed(ran.error);
    this.#lose(this.#remove(this.#queue.length), new Error('it did not answer before the end'));
    const lost = this.#unreported;
    if (lost !== undefined)
      this.#options.logger.error(
        { ...lost },
        `audit: ${this.name} has not got ${lost.count} events`,
      );
  }

  async #finish(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    await this.#options.delivery.close();
  }

  async #run(): Promise<void> {
    // After the answer to an offer that is given in this tick; and the events of one tick are sent together.
    await new Promise((resolve) => setImmediate(resolve));
    const { retries } = this.#options.delivery;
    while (this.#queue.length > 0) {
      const { batch, sent } = await this.#send();
      // They were counted as lost.
      if (this.#over.signal.aborted) break;
      this.#remove(sent.done);
      const { failed } = sent;
      if (failed === undefined) {
        this.#attempt = 0;
        this.#works();
        continue;
      }
      if (sent.done > 0) this.#attempt = 0;
      this.#fail(failed.error);
      if (failed.again && this.#attempt < retries && !this.#closing.signal.aborted)
        await this.#pause();
      else this.#lose(this.#remove(batch.length - sent.done), failed.error);
    }
    // In the same tick as the look at the queue, so that no event is left behind.
    this.#running = undefined;
  }

  async #send(): Promise<{ readonly batch: readonly QueuedEvent[]; readonly sent: Sent }> {
    const { delivery } = this.#options;
    const batch = this.#queue.slice(0, delivery.most);
    const stalled = setTimeout(
      () => this.#fail(new Error(`it has not answered for ${STALL_MS / 1_000} s`)),
      STALL_MS,
    ).unref();
    try {
      return { batch, sent: await delivery.send(batch, this.#over.signal) };
    } catch (error) {
      return { batch, sent: { done: 0, failed: { error, again: false } } };
    } finally {
      clearTimeout(stalled);
    }
  }

  #remove(count: number): readonly QueuedEvent[] {
    const removed = this.#queue.splice(0, count);
    for (const { line } of removed) this.#bytes -= line.length;
    return removed;
  }

  async #pause(): Promise<void> {
    const ms = backoffDelay(this.#attempt, PAUSES);
    this.#attempt += 1;
    const { signal } = this.#closing;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms).unref();
      signal.addEventListener('abort', done, { once: true });
    });
  }

  #fail(error: unknown): void {
    if (this.#failing) return;
    this.#failing = true;
    const waiting = this.#queue.length;
    this.#say(
      { waiting, error },
      `fails: ${messageOf(error)}. Calls are not affected; up to ${MAX_EVENTS} events wait for it`,
    );
  }

  #lose(entries: readonly QueuedEvent[], error: unknown): void {
    const [first, last] = [entries[0], entries.at(-1)];
    if (first === undefined || last === undefined) return;
    this.#fail(error);
    const before = this.#unreported;
    this.lost += entries.length;
    this.#unreported = {
      sink: this.name,
      count: (before?.count ?? 0) + entries.length,
      fromSeq: Math.min(before?.fromSeq ?? first.event.seq, first.event.seq),
      toSeq: Math.max(before?.toSeq ?? 0, last.event.seq),
    };
    if (before === undefined)
      this.#say(
        { error },
        `loses events: ${messageOf(error)}. The log says how many when it works again`,
      );
  }

  #works(): void {
    const lost = this.#unreported;
    const failed = this.#failing;
    this.#failing = false;
    this.#unreported = undefined;
    if (failed && this.#said) {
      this.#said = false;
      const count = lost?.count ?? 0;
      const { logger } = this.#options;
      logger.warn(
        { sink: this.name, count },
        `audit: ${this.name} works again; it has lost ${count} events`,
      );
    }
    if (lost !== undefined) this.#options.onRecovered(lost);
  }

  /** Each kind of line at most once a minute: a sink may fail and work in turns. */
  #say(fields: object, what: string): void {
    const [kind = ''] = what.split(':', 1);
    const now = performance.now();
    if (now - (this.#saidAt.get(kind) ?? Number.NEGATIVE_INFINITY) < REPORT_EVERY_MS) return;
    this.#saidAt.set(kind, now);
    this.#said = true;
    this.#options.logger.error({ sink: this.name, ...fields }, `audit: ${this.name} ${what}.`);
  }
}
