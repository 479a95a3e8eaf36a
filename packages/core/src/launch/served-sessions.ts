import { type Deferred, deferred } from '../base/deferred.js';
import { OpenRtcError, toPlainError } from '../base/errors.js';
import type { SessionEvent } from '../call/session-event.js';
import type { Channel } from './channel.js';
import type { CodeChange } from '../call/code-change.js';
import type { IsolationHost, PreparedChange } from './isolation-strategy.js';
import type { HangUp } from '../call/hang-up.js';
import type { JobTicket } from '../call/job-ticket.js';
import { type FromSessions, PROTOCOL, type ToSessions, fromWire } from './wire.js';

// Calls get this long to end when the pool is gone: nobody waits for their outcome any more.
const ORPHAN_MS = 500;

/** The other end of {@link RemoteSessions}: runs sessions for a pool that it knows only through the channel. */
export class ServedSessions {
  readonly #channel: Channel;
  readonly #calls = new Map<string, AbortController>();
  readonly #reports = new Map<number, () => void>();
  readonly #inferences = new Map<number, Deferred<unknown>>();
  readonly #hello = deferred<{ readonly turnDetector: boolean }>();
  readonly #done = deferred();
  readonly #closed = new AbortController();
  #host: IsolationHost | undefined;
  #prepared: { readonly id: number; readonly change: PreparedChange } | undefined;
  #ids = 0;
  #finishing = false;

  constructor(channel: Channel) {
    this.#channel = channel;
    // The channel may close before anyone waits for `hello`.
    this.#hello.promise.catch(() => {});
    channel.onMessage((message) => this.#onMessage(message as ToSessions));
    channel.onClose((why) => this.#onClose(why));
    // Sent only now: a message that arrives before there is a listener may be lost, or reach another listener.
    this.#send({ kind: 'here', protocol: PROTOCOL });
  }

  /** The first message of the pool. Rejects with `ISOLATION_CLOSED` when the pool is gone before it. */
  get hello(): Promise<{ readonly turnDetector: boolean }> {
    return this.#hello.promise;
  }

  /** Resolves when the last call has ended and the pool sends no more, or is gone. Never rejects. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** Aborts when the pool is gone, with an `ISOLATION_CLOSED` error as its reason. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Tells the pool that this process accepts calls from now on. The pool logs the warnings. */
  ready(host: IsolationHost, warnings: readonly string[]): void {
    this.#host = host;
    this.#send({ kind: 'ready', warnings });
  }

  /** Tells the pool that this process can never run a call. */
  broken(error: unknown): void {
    this.#send({ kind: 'broken', error: toPlainError(error) });
  }

  /** Tells the pool of an error that no call can be blamed for. */
  tainted(error: unknown): void {
    this.#send({ kind: 'tainted', error: toPlainError(error) });
  }

  /** Tells the pool whether the event loop of this process is fully used: while it is, the pool sends no more calls. */
  busy(busy: boolean): void {
    this.#send({ kind: 'busy', busy });
  }

  /** Sends an event of a session to the pool. Resolves when the pool has acted on it, or is gone; never rejects. */
  report(event: SessionEvent): Promise<void> {
    if (this.#closed.signal.aborted) return Promise.resolve();
    this.#ids += 1;
    const eventId = this.#ids;
    return new Promise((resolve) => {
      this.#reports.set(eventId, resolve);
      this.#send({ kind: 'event', eventId, event });
    });
  }

  /**
   * Runs an inference method of the SDK in the worker's process.
   * @throws OpenRtcError `ISOLATION_CLOSED` when the pool is gone
   */
  infer(method: string, data: unknown): Promise<unknown> {
    if (this.#closed.signal.aborted) return Promise.reject(gone());
    this.#ids += 1;
    const id = this.#ids;
    const answer = deferred<unknown>();
    this.#inferences.set(id, answer);
    this.#send({ kind: 'infer', id, method, data });
    return answer.promise;
  }

  #onMessage(message: ToSessions): void {
    switch (message.kind) {
      case 'hello':
        this.#hello.resolve(message);
        break;
      case 'run':
        void this.#run(fromWire(message.ticket));
        break;
      case 'hang_up': {
        const { reason, withinMs } = message;
        const hangUp: HangUp = { reason, deadline: Date.now() + withinMs };
        this.#calls.get(message.jobId)?.abort(hangUp);
        break;
      }
      case 'acknowledged':
        this.#reports.get(message.eventId)?.();
        this.#reports.delete(message.eventId);
        break;
      case 'inferred': {
        const { id, result, error } = message;
        const answer = this.#inferences.get(id);
        this.#inferences.delete(id);
        if (error === undefined) answer?.resolve(result);
        else answer?.reject(Object.assign(new Error(error.message), { cause: error }));
        break;
      }
      case 'ping':
        this.#send({ kind: 'pong', id: message.id });
        break;
      case 'prepare_code':
        void this.#prepare(message.id, message.change);
        break;
      case 'use_code':
        void this.#use(message.id);
        break;
      case 'finish':
        this.#finishing = true;
        this.#endWhenIdle();
        break;
    }
  }

  async #run(ticket: JobTicket): Promise<void> {
    const { jobId } = ticket.info;
    const abort = new AbortController();
    this.#calls.set(jobId, abort);
    try {
      if (this.#host === undefined)
        throw new OpenRtcError('INTERNAL', 'A call arrived before this process was ready for it.');
      await this.#host.runSession(ticket, abort.signal, (event) => this.report(event));
      this.#send({ kind: 'ended', jobId });
    } catch (error) {
      this.#send({ kind: 'ended', jobId, error: toPlainError(error) });
    }
    this.#calls.delete(jobId);
    this.#endWhenIdle();
  }

  async #prepare(id: number, change: CodeChange): Promise<void> {
    try {
      if (this.#host === undefined)
        throw new OpenRtcError(
          'INTERNAL',
          'New code arrived before this process was ready for it.',
        );
      this.#prepared = { id, change: await this.#host.prepareChange(change) };
      this.#send({ kind: 'code_prepared', id });
    } catch (error) {
      this.#send({ kind: 'code_prepared', id, error: toPlainError(error) });
    }
  }

  /** Of several changes, only the last one that was prepared can be used. */
  async #use(id: number): Promise<void> {
    const prepared = this.#prepared;
    if (prepared?.id !== id) return;
    this.#prepared = undefined;
    try {
      this.#send({ kind: 'code_used', id, events: await prepared.change.commit() });
    } catch (error) {
      this.#send({ kind: 'code_used', id, events: [], error: toPlainError(error) });
    }
  }

  #onClose(why: string): void {
    this.#closed.abort(gone(why));
    this.#hello.reject(gone(why));
    for (const acknowledge of this.#reports.values()) acknowledge();
    for (const answer of this.#inferences.values()) answer.reject(gone(why));
    const hangUp: HangUp = { reason: 'pool_closed', deadline: Date.now() + ORPHAN_MS };
    for (const call of this.#calls.values()) call.abort(hangUp);
    this.#finishing = true;
    this.#endWhenIdle();
  }

  #endWhenIdle(): void {
    if (this.#finishing && this.#calls.size === 0) this.#done.resolve();
  }

  #send(message: FromSessions): void {
    this.#channel.send(message);
  }
}

function gone(why = 'closed'): OpenRtcError {
  return new OpenRtcError('ISOLATION_CLOSED', `The pool of these calls is gone: ${why}.`);
}
