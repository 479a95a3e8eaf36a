import { type Deferred, deferred } from '../base/deferred.js';
import { OpenRtcError, toPlainError } from '../base/errors.js';
import type { SessionEvent } from '../call/session-event.js';
import type { Channel } from './channel.js';
import type { IsolationHost } from './isolation-strategy.js';
import type { HangUp } from '../call/hang-up.js';
import type { JobTicket } from '../call/job-ticket.js';
import { type FromSessions, PROTOCOL, type ToSessions, fromWire } from './wire.js';

// The pool is gone: nobody would know how these calls end.
const ORPHAN_MS = 500;

/** The far side of {@link RemoteSessions}: runs the sessions, and knows of the pool what came through the channel. */
export class FarSessions {
  readonly #channel: Channel;
  readonly #calls = new Map<string, AbortController>();
  readonly #reports = new Map<number, () => void>();
  readonly #inferences = new Map<number, Deferred<unknown>>();
  readonly #hello = deferred<{ readonly turnDetector: boolean }>();
  readonly #over = deferred();
  readonly #closed = new AbortController();
  #host: IsolationHost | undefined;
  #ids = 0;
  #finishing = false;

  constructor(channel: Channel) {
    this.#channel = channel;
    // It may close before anybody waits for it.
    this.#hello.promise.catch(() => {});
    channel.onMessage((message) => this.#take(message as ToSessions));
    channel.onClose((why) => this.#lost(why));
    // Only now: what comes before somebody listens may be lost, or heard by another listener of the process.
    this.#send({ kind: 'here', protocol: PROTOCOL });
  }

  /** What the pool said first. */
  get hello(): Promise<{ readonly turnDetector: boolean }> {
    return this.#hello.promise;
  }

  /** Resolves when the last call is over and no other comes. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Aborts when the pool is gone. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Takes calls from here on. */
  ready(host: IsolationHost, warnings: readonly string[]): void {
    this.#host = host;
    this.#send({ kind: 'ready', warnings });
  }

  /** No call can ever run here. */
  broken(error: unknown): void {
    this.#send({ kind: 'broken', error: toPlainError(error) });
  }

  /** An error no call can be blamed for. */
  tainted(error: unknown): void {
    this.#send({ kind: 'tainted', error: toPlainError(error) });
  }

  /** The calls here are, or are no longer, all that this process carries. */
  busy(busy: boolean): void {
    this.#send({ kind: 'busy', busy });
  }

  /** Resolves when the pool has taken the event, or is gone. */
  report(event: SessionEvent): Promise<void> {
    if (this.#closed.signal.aborted) return Promise.resolve();
    this.#ids += 1;
    const eventId = this.#ids;
    return new Promise((resolve) => {
      this.#reports.set(eventId, resolve);
      this.#send({ kind: 'event', eventId, event });
    });
  }

  /** Has the worker run an inference method. */
  infer(method: string, data: unknown): Promise<unknown> {
    if (this.#closed.signal.aborted) return Promise.reject(gone());
    this.#ids += 1;
    const id = this.#ids;
    const answer = deferred<unknown>();
    this.#inferences.set(id, answer);
    this.#send({ kind: 'infer', id, method, data });
    return answer.promise;
  }

  #take(message: ToSessions): void {
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
      case 'taken':
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
        throw new OpenRtcError('INTERNAL', 'A call came before this process was ready for it.');
      await this.#host.runSession(ticket, abort.signal, (event) => this.report(event));
      this.#send({ kind: 'ended', jobId });
    } catch (error) {
      this.#send({ kind: 'ended', jobId, error: toPlainError(error) });
    }
    this.#calls.delete(jobId);
    this.#endWhenIdle();
  }

  #lost(why: string): void {
    this.#closed.abort(gone(why));
    this.#hello.reject(gone(why));
    for (const taken of this.#reports.values()) taken();
    for (const answer of this.#inferences.values()) answer.reject(gone(why));
    const hangUp: HangUp = { reason: 'pool_closed', deadline: Date.now() + ORPHAN_MS };
    for (const call of this.#calls.values()) call.abort(hangUp);
    this.#finishing = true;
    this.#endWhenIdle();
  }

  #endWhenIdle(): void {
    if (this.#finishing && this.#calls.size === 0) this.#over.resolve();
  }

  #send(message: FromSessions): void {
    this.#channel.send(message);
  }
}

function gone(why = 'closed'): OpenRtcError {
  return new OpenRtcError('ISOLATION_CLOSED', `The pool of these calls is gone: ${why}.`);
}
