import { JobStatus, WorkerStatus } from '@livekit/protocol';

import type { Logger } from '../base/logger.js';
import { type FinalUpdate, FinalUpdates, MAX_ERROR_CHARS } from './final-updates.js';
import type { Incoming } from './frame-reader.js';
import { LinkConnector } from './link-connector.js';
import { LinkJobs } from './link-jobs.js';
import type { LiveKitEndpoint } from './livekit-endpoint.js';
import { withoutSecrets } from '../base/secrets.js';
import { type LinkTimings, defaultLinkTimings } from './link-timings.js';
import type { WorkerLoad } from './load-curve.js';
import { type AnswerOffer, type LinkRefusal, PendingOffers } from './pending-offers.js';
import type { Registration } from './registration.js';
import type { WorkerConnection } from './worker-connection.js';

/** Options of a {@link WorkerLink}. */
export interface WorkerLinkOptions {
  /** The LiveKit server and the credentials. */
  readonly endpoint: LiveKitEndpoint;
  /** The registration to keep up. */
  readonly registration: Registration;
  /** The logger for connection events and refusals. */
  readonly logger: Logger;
  /** Timings that differ from {@link defaultLinkTimings}, for tests. */
  readonly timings?: Partial<LinkTimings>;
  /** Decides an offer. After `answerMs` without a decision the offer is refused. */
  readonly onOffer: AnswerOffer;
  /** Called when the link refuses an offer itself. */
  readonly onRefused: (reason: LinkRefusal) => void;
  /** Called when LiveKit has registered the worker; `again` after a lost connection. */
  readonly onRegistered?: (registration: Registration, workerId: string, again: boolean) => void;
  /** Called after each answer, with the time since the offer in milliseconds. */
  readonly onAnswered?: (ms: number, accepted: boolean) => void;
  /** Called when LiveKit ends a job. The id may be unknown; ignore it then. */
  readonly onTermination: (jobId: string) => void;
  /** The load of the worker at this moment. */
  readonly status: () => WorkerLoad;
}

/**
 * The state of the connection to LiveKit.
 *
 * - `connecting`: not registered for the first time yet
 * - `registered`: jobs are offered
 * - `reconnecting`: the connection was lost; live calls go on
 * - `closed`: final
 */
export type LinkState = 'connecting' | 'registered' | 'reconnecting' | 'closed';

/**
 * One registration of the worker with LiveKit: it registers, answers offers, reports load and job states, and
 * reconnects. It decides nothing about a call, and calls go on when the connection is lost.
 */
export class WorkerLink {
  readonly #options: WorkerLinkOptions;
  readonly #timings: LinkTimings;
  readonly #logger: Logger;
  readonly #finals = new FinalUpdates();
  readonly #jobs = new LinkJobs();
  readonly #offers: PendingOffers;
  readonly #connector: LinkConnector;
  readonly #closing = new AbortController();
  #connection: WorkerConnection | undefined;
  #state: LinkState = 'connecting';
  #statusTimer: NodeJS.Timeout | undefined;
  #loop: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  #reconnects = 0;

  constructor(options: WorkerLinkOptions) {
    this.#options = options;
    this.#logger = options.logger;
    this.#timings = { ...defaultLinkTimings, ...options.timings };
    this.#offers = new PendingOffers({ ...options, timings: this.#timings, jobs: this.#jobs });
    this.#connector = new LinkConnector({
      endpoint: options.endpoint,
      registration: options.registration,
      timings: this.#timings,
      logger: options.logger,
      signal: this.#closing.signal,
      onRegistered: (connection) => this.#onRegistered(connection),
      onMessage: (message, connection) => this.#onMessage(message, connection),
    });
  }

  /** The state of the connection. */
  get state(): LinkState {
    return this.#state;
  }

  /** LiveKit's id of this worker; empty before the first registration. */
  get workerId(): string {
    return this.#connection?.workerId ?? '';
  }

  /** The number of reconnects so far. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /**
   * Connects and registers. Tries again as long as the server cannot be reached.
   * @param options - `giveUpWhenUnauthorized`: rejects when LiveKit refuses the credentials. Default: true. Use false
   * when calls are live already.
   * @throws OpenRtcError `LINK_UNAUTHORIZED` when LiveKit refuses the credentials, `LINK_CLOSED` when
   * the link was closed meanwhile.
   */
  async start(options = { giveUpWhenUnauthorized: true }): Promise<void> {
    const connection = await this.#connector.connect(options);
    this.#loop = this.#keepConnected(connection);
  }

  /** Sends the status at once, for example because a call began or ended. */
  sendStatus(): void {
    const { full, load, jobCount } = this.#options.status();
    // Every message has both fields: the server reads a missing load as 0.
    this.#connection?.send({
      case: 'updateWorker',
      value: {
        status: full ? WorkerStatus.WS_FULL : WorkerStatus.WS_AVAILABLE,
        // One NaN would stop dispatch for every worker of this agent name.
        load: Number.isFinite(load) ? Math.min(1, Math.max(0, load)) : 1,
        jobCount,
      },
    });
  }

  /** Reports to LiveKit that the agent is in its room. Sent again after a reconnect. */
  sendRunning(jobId: string): void {
    this.#jobs.join(jobId);
    this.#reportRunning(jobId);
  }

  #reportRunning(jobId: string): void {
    this.#connection?.send({
      case: 'updateJob',
      value: { jobId, status: JobStatus.JS_RUNNING, error: '' },
    });
  }

  /**
   * Sends the final status of a job. Resolves when the server has read it, if necessary after a reconnect. Call it
   * once per job, before the agent leaves the room: otherwise the server records the job as failed.
   */
  async sendFinal(update: FinalUpdate): Promise<void> {
    const error = withoutSecrets(update.error).slice(0, MAX_ERROR_CHARS);
    const final = { ...update, error };
    this.#jobs.leave(update.jobId);
    const delivered = this.#finals.add(final);
    void this.#deliver([final]);
    await delivered;
    this.#jobs.close(update.jobId);
  }

  /** Resolves when LiveKit has the final status of every job of this link. */
  idle(): Promise<void> {
    return this.#jobs.idle();
  }

  /** Stops reconnecting and closes the connection. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#state = 'closed';
    this.#closing.abort();
    clearInterval(this.#statusTimer);
    await this.#connection?.close();
    await this.#loop;
  }

  async #keepConnected(first: WorkerConnection): Promise<void> {
    let connection = first;
    for (;;) {
      const why = await connection.closed;
      this.#offers.connectionLost(why);
      if (this.#closing.signal.aborted) return;
      this.#state = 'reconnecting';
      this.#logger.warn({ why }, 'lost the connection to LiveKit; live calls go on');
      try {
        connection = await this.#connector.connect({ giveUpWhenUnauthorized: false });
        this.#reconnects += 1;
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        throw error;
      }
    }
  }

  #onRegistered(connection: WorkerConnection): void {
    const again = this.#state === 'reconnecting';
    this.#connection = connection;
    this.#state = 'registered';
    // Until the first status the server treats a worker as available and idle, and offers jobs at once.
    this.sendStatus();
    clearInterval(this.#statusTimer);
    this.#statusTimer = setInterval(() => this.sendStatus(), this.#timings.statusMs);
    const live = this.#jobs.joined;
    const finals = this.#finals.pending;
    // LiveKit Cloud moves the jobs of the lost connection to this one, and ignores the final status of a job that it
    // has not moved. The open-source server ignores this message.
    const jobIds = [...live, ...finals.map(({ jobId }) => jobId)];
    if (jobIds.length > 0) connection.send({ case: 'migrateJob', value: { jobIds } });
    for (const jobId of live) this.#reportRunning(jobId);
    void this.#deliver(finals);
    const { registration, onRegistered } = this.#options;
    const { agentName, deployment } = registration;
    const { workerId } = connection;
    onRegistered?.(registration, workerId, again);
    if (deployment === '') this.#logger.info({ workerId, agentName }, 'registered with LiveKit');
    // Otherwise nothing would say why no call arrives.
    else
      this.#logger.info(
        { workerId, agentName, deployment },
        `registered with LiveKit for the deployment "${deployment}": only dispatches that name it arrive, no automatic ones`,
      );
  }

  /** Final statuses that the server has not read stay queued until the next registration. */
  async #deliver(finals: readonly FinalUpdate[]): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return;
    const sent: string[] = [];
    for (const { jobId, status, error } of finals) {
      if (connection.send({ case: 'updateJob', value: { jobId, status, error } })) sent.push(jobId);
    }
    if (sent.length > 0 && (await connection.flushed())) this.#finals.confirm(sent);
  }

  #onMessage(message: Incoming, connection: WorkerConnection): void {
    switch (message.case) {
      case 'availability':
        void this.#offers.answer(message.value, connection);
        break;
      case 'assignment':
        this.#offers.assign(message.value, connection);
        break;
      case 'termination':
        this.#options.onTermination(message.value.jobId);
        break;
      case 'register':
      case 'pong':
      case undefined:
        this.#logger.debug({ case: message.case }, 'ignored a message from LiveKit');
        break;
    }
  }
}
