import { OpenRtcError, isOpenRtcError, messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { backoffDelay } from './backoff.js';
import type { LinkTimings } from './link-timings.js';
import { type LiveKitEndpoint, workerUrl } from './livekit-endpoint.js';
import { type Registration, registerMessage } from './registration.js';
import { type ConnectionOptions, WorkerConnection } from './worker-connection.js';
import { mintWorkerToken } from './worker-token.js';

/** Options of a {@link LinkConnector}. */
export interface ConnectorOptions extends Pick<
  ConnectionOptions,
  'onMessage' | 'onRegistered' | 'signal'
> {
  /** The LiveKit server and the credentials. */
  readonly endpoint: LiveKitEndpoint;
  /** The registration of every connection. */
  readonly registration: Registration;
  /** The delays and time boxes. */
  readonly timings: LinkTimings;
  /** The logger for failed attempts. */
  readonly logger: Logger;
}

/** Opens registered connections to LiveKit, with a growing delay between attempts. */
export class LinkConnector {
  readonly #options: ConnectorOptions;
  /** Failed or short-lived attempts since a connection lasted. */
  #attempt = 0;
  /** When the last connection was registered, by the monotonic clock; 0: never. */
  #registeredAt = 0;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /**
   * Resolves with a registered connection. Tries again until it gets one.
   * @param options - `giveUpWhenUnauthorized`: rejects when LiveKit refuses the credentials
   * @throws OpenRtcError `LINK_UNAUTHORIZED`, or `LINK_CLOSED` when the signal aborts.
   */
  async connect(options: { giveUpWhenUnauthorized: boolean }): Promise<WorkerConnection> {
    const { logger, signal, timings } = this.#options;
    // Only a connection that lasted shows that the server is well: for one that flaps the delays keep growing.
    if (this.#registeredAt > 0 && performance.now() - this.#registeredAt > timings.stableMs)
      this.#attempt = 0;
    if (this.#attempt > 0 || this.#registeredAt > 0) await this.#wait();
    for (;;) {
      try {
        return await this.#open();
      } catch (error) {
        if (signal.aborted) throw error;
        const unauthorized = isOpenRtcError(error) && error.code === 'LINK_UNAUTHORIZED';
        if (unauthorized && options.giveUpWhenUnauthorized) throw error;
        logger[unauthorized ? 'error' : 'warn'](
          { attempt: this.#attempt },
          `${messageOf(error)} Trying again.`,
        );
        await this.#wait();
      }
    }
  }

  #open(): Promise<WorkerConnection> {
    const { endpoint, registration, timings, logger, signal, onRegistered, onMessage } =
      this.#options;
    return WorkerConnection.open({
      url: workerUrl(endpoint.url, endpoint.workerToken),
      token: mintWorkerToken(endpoint),
      register: registerMessage(registration),
      timings,
      logger,
      signal,
      onRegistered: (connection) => {
        this.#registeredAt = performance.now();
        onRegistered(connection);
      },
      onMessage,
    });
  }

  async #wait(): Promise<void> {
    const { logger, signal, timings } = this.#options;
    const ms = backoffDelay(this.#attempt, timings.backoff);
    logger.debug({ attempt: this.#attempt, ms }, 'waiting before the next attempt');
    this.#attempt += 1;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
    });
    if (signal.aborted) throw new OpenRtcError('LINK_CLOSED', 'The worker is closing.');
  }
}
