import { type Deferred, deferred } from '../base/deferred.js';
import { type ErrorCode, OpenRtcError, type PlainError, toPlainError } from '../base/errors.js';
import type { SessionEvent } from '../call/session-event.js';
import type { Channel } from './channel.js';
import { Heartbeat } from './heartbeat.js';
import type { IsolationHost } from './isolation-strategy.js';
import type { HangUpSignal } from '../call/hang-up.js';
import type { JobTicket } from '../call/job-ticket.js';
import { PROTOCOL, type ToSessions, readFromSessions, toWire } from './wire.js';

// What a call may take past its deadline: the word of its end is on its way.
const GRACE_MS = 1_000;

/** What a strategy decides on. */
export interface RemoteSessionsOptions {
  readonly host: IsolationHost;
  readonly channel: Channel;
  /** After so long without an answer to a ping, in milliseconds, the other end is stuck. Default: 6 000. */
  readonly stuckAfterMs?: number;
  /**
   * It does not answer any more. End it for good, then call {@link RemoteSessions.fail} with `error`.
   * Default: that alone.
   */
  readonly onStuck?: (error: OpenRtcError) => void;
  /** An error no call there can be blamed for: give it no more calls. */
  readonly onTainted?: (error: Error) => void;
  /** A call did not end by the deadline of its hang-up. It has been given up; its place is still used. */
  readonly onOverdue?: (jobId: string) => void;
}

/**
 * Sessions that run at the other end of a channel, where {@link serveTickets} answers: what a strategy
 * that leaves the worker's process needs, besides a way to start the other end.
 */
export class RemoteSessions {
  /** Resolves when calls may come; rejects when none ever can. */
  readonly ready: Promise<void>;
  readonly #options: RemoteSessionsOptions;
  readonly #host: IsolationHost;
  readonly #channel: Channel;
  readonly #here = deferred();
  readonly #ready = deferred();
  readonly #running = new Map<string, Deferred<void>>();
  readonly #heartbeat: Heartbeat;
  #lost: OpenRtcError | undefined;
  #busy = false;

  constructor(options: RemoteSessionsOptions) {
    const { host, channel } = options;
    this.#options = options;
    this.#host = host;
    this.#channel = channel;
    this.ready = this.#ready.promise;
    // Whoever opens it may only ask later.
    this.ready.catch(() => {});
    this.#heartbeat = new Heartbeat({
      ping: (id) => this.#send({ kind: 'ping', id }),
      stuckAfterMs: options.stuckAfterMs ?? 6_000,
      onStuck: (silentMs) => this.#stuck(silentMs),
    });
    channel.onMessage((message) => this.#take(message));
    channel.onClose((why) => this.fail(new OpenRtcError('ISOLATION_LOST', why)));
  }

  /** The calls that run there. */
  get jobIds(): readonly string[] {
    return [...this.#running.keys()];
  }

  /** True while the calls there are all that their event loop carries: give it no other, see `maxEventLoopLagMs`. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Begins: from here on the other end may become ready. */
  async open(signal: AbortSignal): Promise<void> {
    const turnDetector = await this.#host.inference.load(signal);
    await Promise.race([this.#here.promise, this.ready]);
    this.#send({ kind: 'hello', turnDetector });
    await this.ready;
  }

  /** True when it answers within `ms`: ask before it is handed a call. */
  answers(ms: number): Promise<boolean> {
    return this.#lost === undefined ? this.#heartbeat.ask(ms) : Promise.resolve(false);
  }

  /** Runs one call there, see {@link Isolation.run}. */
  async run(ticket: JobTicket, signal: HangUpSignal): Promise<void> {
    const { jobId } = ticket.info;
    if (this.#lost !== undefined) throw this.#lost;
    const ended = deferred();
    this.#running.set(jobId, ended);
    let overdue: NodeJS.Timeout | undefined;
    const hangUp = () => {
      const { reason, deadline } = signal.reason ?? { reason: 'pool_closed', deadline: 0 };
      const withinMs = Math.max(0, deadline - Date.now());
      this.#send({ kind: 'hang_up', jobId, reason, withinMs });
      overdue = setTimeout(() => this.#overdue(jobId), withinMs + GRACE_MS);
    };
    this.#send({ kind: 'run', ticket: toWire(ticket) });
    if (signal.aborted) hangUp();
    signal.addEventListener('abort', hangUp, { once: true });
    try {
      await ended.promise;
    } finally {
      clearTimeout(overdue);
      signal.removeEventListener('abort', hangUp);
      this.#running.delete(jobId);
    }
  }

  /** No ticket comes any more: the other end goes when its last call is over. */
  finish(): void {
    this.#send({ kind: 'finish' });
  }

  /** The other end is gone: its calls fail with `error`. Only the first error counts. */
  fail(error: OpenRtcError): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    this.#heartbeat.stop();
    this.#ready.reject(error);
    for (const ended of this.#running.values()) ended.reject(error);
  }

  #take(raw: unknown): void {
    const message = readFromSessions(raw);
    if (message === undefined) {
      this.#host.logger.warn({}, 'a message from where calls run makes no sense: ignored');
      return;
    }
    // Whatever it says, it lives.
    this.#heartbeat.heard();
    switch (message.kind) {
      case 'here':
        this.#understand(message.protocol);
        break;
      case 'ready':
        for (const warning of message.warnings) this.#host.logger.warn({}, warning);
        this.#heartbeat.start();
        this.#ready.resolve();
        break;
      case 'broken':
        this.fail(fromPlain(message.error));
        break;
      case 'event':
        void this.#relay(message.eventId, message.event);
        break;
      case 'ended': {
        const ended = this.#running.get(message.jobId);
        if (message.error === undefined) ended?.resolve();
        else ended?.reject(fromPlain(message.error));
        break;
      }
      case 'infer':
        void this.#infer(message.id, message.method, message.data);
        break;
      case 'pong':
        this.#heartbeat.answered(message.id);
        break;
      case 'busy':
        this.#busy = message.busy;
        break;
      case 'tainted':
        this.#options.onTainted?.(fromPlain(message.error));
        break;
    }
  }

  #understand(protocol: number): void {
    if (protocol === PROTOCOL) {
      this.#here.resolve();
      return;
    }
    this.fail(
      new OpenRtcError(
        'ISOLATION_START_FAILED',
        `Calls would run with another version of @openrtc/core: protocol ${protocol}, not ${PROTOCOL}.`,
      ),
    );
  }

  // Each of these ends with an answer: the session waits for it.
  async #relay(eventId: number, event: SessionEvent): Promise<void> {
    try {
      // A process speaks for its own calls only.
      if (this.#running.has(event.jobId)) await this.#host.report(event);
      else this.#host.logger.debug({ jobId: event.jobId }, 'an event of a call that is not there');
    } catch (error) {
      this.#host.logger.error({ error, jobId: event.jobId }, 'the pool did not take an event');
    }
    this.#send({ kind: 'taken', eventId });
  }

  async #infer(id: number, method: string, data: unknown): Promise<void> {
    try {
      this.#send({ kind: 'inferred', id, result: await this.#host.inference.run(method, data) });
    } catch (error) {
      this.#host.logger.debug({ error, method }, 'inference for a call elsewhere failed');
      this.#send({ kind: 'inferred', id, error: toPlainError(error) });
    }
  }

  #overdue(jobId: string): void {
    const message = `The call did not end by the deadline of its hang-up.`;
    this.#running.get(jobId)?.reject(new OpenRtcError('ISOLATION_STUCK', message));
    this.#options.onOverdue?.(jobId);
  }

  #stuck(silentMs: number): void {
    const error = new OpenRtcError(
      'ISOLATION_STUCK',
      `Where the call ran, nothing answered for ${Math.round(silentMs / 1_000)} s: its event loop is blocked, or it is stopped.`,
    );
    if (this.#options.onStuck === undefined) this.fail(error);
    else this.#options.onStuck(error);
  }

  #send(message: ToSessions): void {
    this.#channel.send(message);
  }
}

/** An error as it was before it crossed: its code, its stack, its causes. */
function fromPlain({ code, message, stack, cause }: PlainError): OpenRtcError {
  const error = new OpenRtcError(code as ErrorCode, message, { cause });
  if (stack !== undefined) error.stack = stack;
  return error;
}
