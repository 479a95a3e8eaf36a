import { orAborted } from '../base/or-aborted.js';
import { type Deferred, deferred } from '../base/deferred.js';
import { fromPlainError, OpenRtcError, toPlainError } from '../base/errors.js';
import type { SessionEvent } from '../call/session-event.js';
import type { Channel } from './channel.js';
import { Heartbeat } from './heartbeat.js';
import type { CodeChange } from '../call/code-change.js';
import type { IsolationHost, PreparedChange } from './isolation-strategy.js';
import type { HangUpSignal } from '../call/hang-up.js';
import type { JobTicket } from '../call/job-ticket.js';
import { RemoteChanges } from './remote-changes.js';
import type { RemoteSessionsOptions } from './remote-sessions-options.js';
import { PROTOCOL, type ToSessions, readFromSessions, toWire } from './wire.js';

// A call may end this much after its deadline: the message that it has ended takes time to arrive.
const GRACE_MS = 1_000;

/**
 * The sessions that run at the other end of a channel, where {@link serveTickets} answers. A strategy that runs calls
 * outside the worker's process needs this class and a way to start the other end.
 */
export class RemoteSessions {
  /** Resolves when the other end accepts calls; rejects when it never can. */
  readonly ready: Promise<void>;
  readonly #options: RemoteSessionsOptions;
  readonly #host: IsolationHost;
  readonly #channel: Channel;
  readonly #here = deferred();
  readonly #ready = deferred();
  readonly #running = new Map<string, Deferred<void>>();
  readonly #heartbeat: Heartbeat;
  readonly #changes = new RemoteChanges((message) => this.#send(message));
  #failure: OpenRtcError | undefined;
  #busy = false;

  constructor(options: RemoteSessionsOptions) {
    const { host, channel } = options;
    this.#options = options;
    this.#host = host;
    this.#channel = channel;
    this.ready = this.#ready.promise;
    // It may fail before anyone waits for it.
    this.ready.catch(() => {});
    this.#heartbeat = new Heartbeat({
      ping: (id) => this.#send({ kind: 'ping', id }),
      stuckAfterMs: options.stuckAfterMs ?? 6_000,
      onStuck: (silentMs) => this.#stuck(silentMs),
      cpuWaitMs: options.cpuWaitMs,
      onStarved: (silentMs) =>
        host.logger.warn(
          { silentMs: Math.round(silentMs), jobIds: this.jobIds },
          'a process of calls does not answer, because the machine gives it no CPU: its calls go on',
        ),
    });
    channel.onMessage((message) => this.#onMessage(message));
    channel.onClose((why) => this.fail(new OpenRtcError('ISOLATION_LOST', why)));
  }

  /** Job ids of the calls that run at the other end. */
  get jobIds(): readonly string[] {
    return [...this.#running.keys()];
  }

  /** True while the event loop of the other end is fully used: give it no more calls, see `maxEventLoopLagMs`. */
  get busy(): boolean {
    return this.#busy;
  }

  /**
   * Loads the worker's models and starts the other end. Resolves when it accepts calls; rejects when `signal` aborts.
   * @throws OpenRtcError the reason why it cannot run calls, for example `ISOLATION_LOST` or `PREWARM_FAILED`
   */
  async open(signal: AbortSignal): Promise<void> {
    const turnDetector = await this.#host.inference.load(signal);
    await orAborted(Promise.race([this.#here.promise, this.ready]), signal);
    this.#send({ kind: 'hello', turnDetector });
    await orAborted(this.ready, signal);
  }

  /** Resolves with whether the other end answers within `ms` milliseconds. Use it before giving it a call. */
  answers(ms: number): Promise<boolean> {
    return this.#failure === undefined ? this.#heartbeat.ask(ms) : Promise.resolve(false);
  }

  /** Runs one call at the other end, see {@link Isolation.run}. Rejects with the error of {@link fail} after it. */
  async run(ticket: JobTicket, signal: HangUpSignal): Promise<void> {
    const { jobId } = ticket.info;
    if (this.#failure !== undefined) throw this.#failure;
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

  /**
   * Prepares the other end for new code of the agents, see {@link Isolation.prepareChange}.
   * @throws OpenRtcError when it cannot use it, or is gone
   */
  async prepareChange(change: CodeChange): Promise<PreparedChange> {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#changes.prepare(change);
  }

  /** Sends no more calls: the other end exits after its last call. */
  finish(): void {
    this.#send({ kind: 'finish' });
  }

  /** Call it when the other end is gone: its calls fail with `error`. Only the first error counts. */
  fail(error: OpenRtcError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#heartbeat.stop();
    this.#ready.reject(error);
    for (const ended of this.#running.values()) ended.reject(error);
    this.#changes.fail(error);
  }

  #onMessage(raw: unknown): void {
    const message = readFromSessions(raw);
    if (message === undefined) {
      this.#host.logger.warn({}, 'ignored an invalid message from a process of calls');
      return;
    }
    // Any message shows that the other end is alive.
    this.#heartbeat.heard();
    switch (message.kind) {
      case 'here':
        this.#checkProtocol(message.protocol);
        break;
      case 'ready':
        for (const warning of message.warnings) this.#host.logger.warn({}, warning);
        this.#heartbeat.start();
        this.#ready.resolve();
        break;
      case 'broken':
        this.fail(fromPlainError(message.error));
        break;
      case 'event':
        void this.#relay(message.eventId, message.event);
        break;
      case 'ended': {
        const ended = this.#running.get(message.jobId);
        if (message.error === undefined) ended?.resolve();
        else ended?.reject(fromPlainError(message.error));
        break;
      }
      case 'infer':
        void this.#infer(message.id, message.method, message.data);
        break;
      case 'code_prepared':
      case 'code_used':
        this.#changes.answered(message);
        break;
      case 'pong':
        this.#heartbeat.answered(message.id);
        break;
      case 'busy':
        this.#busy = message.busy;
        break;
      case 'tainted':
        this.#options.onTainted?.(fromPlainError(message.error));
        break;
    }
  }

  #checkProtocol(protocol: number): void {
    if (protocol === PROTOCOL) {
      this.#here.resolve();
      return;
    }
    this.fail(
      new OpenRtcError(
        'ISOLATION_START_FAILED',
        `The process of the calls uses another version of @openrtc/core: protocol ${protocol}, not ${PROTOCOL}.`,
      ),
    );
  }

  // Always ends with an answer, because the session waits for it.
  async #relay(eventId: number, event: SessionEvent): Promise<void> {
    try {
      // A process may report events of its own calls only.
      if (this.#running.has(event.jobId)) await this.#host.report(event);
      else
        this.#host.logger.debug(
          { jobId: event.jobId },
          'ignored an event of a call that does not run there',
        );
    } catch (error) {
      this.#host.logger.error(
        { error, jobId: event.jobId },
        'an event of a call could not be handled',
      );
    }
    this.#send({ kind: 'acknowledged', eventId });
  }

  async #infer(id: number, method: string, data: unknown): Promise<void> {
    try {
      this.#send({ kind: 'inferred', id, result: await this.#host.inference.run(method, data) });
    } catch (error) {
      this.#host.logger.debug({ error, method }, 'inference for a call in another process failed');
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
      `The process of the call has not answered for ${Math.round(silentMs / 1_000)} s: its event loop is blocked, or it is stopped.`,
    );
    if (this.#options.onStuck === undefined) this.fail(error);
    else this.#options.onStuck(error);
  }

  #send(message: ToSessions): void {
    this.#channel.send(message);
  }
}
