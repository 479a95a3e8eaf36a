import { JobStatus, type ParticipantPermission, WorkerStatus } from '@livekit/protocol';

import { OpenRtcError, isOpenRtcError, messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { backoffDelay } from './backoff.js';
import { type FinalUpdate, FinalUpdates, MAX_ERROR_CHARS } from './final-updates.js';
import { type JobTypeName, jobTypes } from '../call/job-offer.js';
import { LinkJobs } from './link-jobs.js';
import { type LiveKitEndpoint, workerUrl } from './livekit-endpoint.js';
import { withoutSecrets } from '../base/secrets.js';
import { type LinkTimings, defaultLinkTimings } from './link-timings.js';
import type { WorkerLoad } from './load-curve.js';
import { type AnswerOffer, type LinkRefusal, PendingOffers } from './pending-offers.js';
import { type Incoming, WorkerConnection } from './worker-connection.js';
import { mintWorkerToken } from './worker-token.js';

/** What this process registers as. */
export interface Registration {
  readonly jobType: JobTypeName;
  /** Empty for automatic dispatch. */
  readonly agentName: string;
  /** Version-aware dispatch keys workers by this. Empty: none. */
  readonly deployment: string;
  readonly version: string;
  readonly permissions: ConstructorParameters<typeof ParticipantPermission>[0];
}

export interface WorkerLinkOptions {
  readonly endpoint: LiveKitEndpoint;
  readonly registration: Registration;
  readonly logger: Logger;
  readonly timings?: Partial<LinkTimings>;
  /** Decides an offer. A verdict later than `answerMs` is too late: the offer is refused. */
  readonly onOffer: AnswerOffer;
  /** An offer was refused that `onOffer` did not refuse. */
  readonly onRefused: (reason: LinkRefusal) => void;
  /** An offer was answered, so long after it came. */
  readonly onAnswered?: (ms: number, accepted: boolean) => void;
  /** LiveKit wants the job to end now. Unknown ids are possible and to be ignored. */
  readonly onTermination: (jobId: string) => void;
  /** The truth about this worker at this moment. */
  readonly status: () => WorkerLoad;
}

/** Where the link stands. `closed` is final. */
export type LinkState = 'connecting' | 'registered' | 'reconnecting' | 'closed';

/**
 * One registration of the worker with LiveKit: registers, answers offers, reports load and job states, and
 * comes back after a loss. It decides nothing about a call, and losing it ends none.
 */
export class WorkerLink {
  readonly #options: WorkerLinkOptions;
  readonly #timings: LinkTimings;
  readonly #logger: Logger;
  readonly #finals = new FinalUpdates();
  readonly #jobs = new LinkJobs();
  readonly #offers: PendingOffers;
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
  }

  get state(): LinkState {
    return this.#state;
  }

  /** LiveKit's id of this worker, empty before the first registration. */
  get workerId(): string {
    return this.#connection?.workerId ?? '';
  }

  /** How often the connection was lost and made anew. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /**
   * Connects; resolves once registered. An unreachable server is tried for ever.
   * @param options - `giveUpWhenUnauthorized`, default true: false where calls are live already
   * @throws OpenRtcError `LINK_UNAUTHORIZED` when LiveKit refuses the credentials, `LINK_CLOSED` when
   * it was closed meanwhile.
   */
  async start(options = { giveUpWhenUnauthorized: true }): Promise<void> {
    const connection = await this.#connect(options);
    this.#loop = this.#keepConnected(connection);
  }

  /** Sends the status now, e.g. because a place was taken or freed. */
  sendStatus(): void {
    const { full, load, jobCount } = this.#options.status();
    // Every message carries both fields: the server reads a missing load as 0.
    this.#connection?.send({
      case: 'updateWorker',
      value: {
        status: full ? WorkerStatus.WS_FULL : WorkerStatus.WS_AVAILABLE,
        // One NaN stops dispatch for every worker of the name.
        load: Number.isFinite(load) ? Math.min(1, Math.max(0, load)) : 1,
        jobCount,
      },
    });
  }

  /** Tells LiveKit that the agent is in its room. Informative: lost with the connection, said again after it. */
  sendRunning(jobId: string): void {
    this.#jobs.join(jobId);
    this.#sayRunning(jobId);
  }

  #sayRunning(jobId: string): void {
    this.#connection?.send({
      case: 'updateJob',
      value: { jobId, status: JobStatus.JS_RUNNING, error: '' },
    });
  }

  /**
   * Delivers the final status of a job; resolves when the server has read it, after a reconnect if
   * need be. Call it once a job, before the agent leaves the room: the server records a job whose
   * agent left without it as failed.
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

  /** Resolves when LiveKit has the final status of every job it gave this link. */
  idle(): Promise<void> {
    return this.#jobs.idle();
  }

  /** Stops reconnecting and closes the socket in good order. */
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
        connection = await this.#connect({ giveUpWhenUnauthorized: false });
        this.#reconnects += 1;
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        throw error;
      }
    }
  }

  #attempt = 0;
  #registeredAt = 0;

  async #connect(options: { giveUpWhenUnauthorized: boolean }): Promise<WorkerConnection> {
    // Only a connection that lasted proves the server well: one that flaps keeps its growing delays.
    if (this.#registeredAt > 0 && performance.now() - this.#registeredAt > this.#timings.stableMs)
      this.#attempt = 0;
    if (this.#attempt > 0 || this.#registeredAt > 0) await this.#wait();
    for (;;) {
      try {
        return await this.#open();
      } catch (error) {
        if (this.#closing.signal.aborted) throw error;
        const unauthorized = isOpenRtcError(error) && error.code === 'LINK_UNAUTHORIZED';
        if (unauthorized && options.giveUpWhenUnauthorized) throw error;
        this.#logger[unauthorized ? 'error' : 'warn'](
          { attempt: this.#attempt },
          `${messageOf(error)} Trying again.`,
        );
        await this.#wait();
      }
    }
  }

  #open(): Promise<WorkerConnection> {
    const { endpoint, registration } = this.#options;
    const token = mintWorkerToken(endpoint);
    return WorkerConnection.open({
      url: workerUrl(endpoint.url, endpoint.workerToken),
      token,
      register: {
        type: jobTypes[registration.jobType],
        agentName: registration.agentName,
        deployment: registration.deployment,
        version: registration.version,
        allowedPermissions: { ...registration.permissions },
      },
      timings: this.#timings,
      logger: this.#logger,
      signal: this.#closing.signal,
      onRegistered: (connection) => this.#onRegistered(connection),
      onMessage: (message, connection) => this.#onMessage(message, connection),
    });
  }

  async #wait(): Promise<void> {
    const ms = backoffDelay(this.#attempt, this.#timings.backoff);
    this.#logger.debug({ attempt: this.#attempt, ms }, 'waiting before the next attempt');
    this.#attempt += 1;
    await new Promise<void>((resolve) => {
      const { signal } = this.#closing;
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
    });
    if (this.#closing.signal.aborted)
      throw new OpenRtcError('LINK_CLOSED', 'The worker is closing.');
  }

  #onRegistered(connection: WorkerConnection): void {
    this.#connection = connection;
    this.#state = 'registered';
    this.#registeredAt = performance.now();
    // The server takes a worker it knows nothing of as available and idle, and sends jobs at once.
    this.sendStatus();
    clearInterval(this.#statusTimer);
    this.#statusTimer = setInterval(() => this.sendStatus(), this.#timings.statusMs);
    const live = this.#jobs.joined;
    const finals = this.#finals.pending;
    // LiveKit Cloud moves the jobs of the lost connection to this one, and ignores a final status of a
    // job it has not moved. The open server ignores the message.
    const jobIds = [...live, ...finals.map(({ jobId }) => jobId)];
    if (jobIds.length > 0) connection.send({ case: 'migrateJob', value: { jobIds } });
    for (const jobId of live) this.#sayRunning(jobId);
    void this.#deliver(finals);
    this.#logger.info(
      { workerId: connection.workerId, agentName: this.#options.registration.agentName },
      'registered with LiveKit',
    );
  }

  /** What the socket does not take, or loses on the way, waits for the next registration. */
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
