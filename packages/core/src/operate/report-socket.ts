import type { Socket } from 'node:net';

import type { Logger } from '../base/logger.js';
import { PrivateSocket } from './private-socket.js';
import type { WorkerReport } from './worker-report.js';

// A client that has not read the report by then is dropped.
const CLIENT_TIMEOUT_MS = 1_000;

/** A {@link PrivateSocket} that sends the report of the worker to each client once. It reads nothing. */
export class ReportSocket implements AsyncDisposable {
  /** Clients that did not read the report within 1 s. */
  dropped = 0;
  readonly #report: () => Promise<WorkerReport>;
  readonly #logger: Logger;
  #socket: PrivateSocket | undefined;

  private constructor(report: () => Promise<WorkerReport>, logger: Logger) {
    this.#report = report;
    this.#logger = logger;
  }

  /** Creates the socket. Undefined if that is not possible; the reason is logged. */
  static async listen(
    report: () => Promise<WorkerReport>,
    logger: Logger,
  ): Promise<ReportSocket | undefined> {
    const reports = new ReportSocket(report, logger);
    reports.#socket = await PrivateSocket.listen({
      suffix: '.sock',
      command: 'openrtc top',
      serve: (client) => reports.#serve(client),
      logger,
    });
    return reports.#socket === undefined ? undefined : reports;
  }

  /** Path of the socket. */
  get path(): string {
    return this.#socket?.path ?? '';
  }

  /** Disconnects every client and removes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket?.[Symbol.asyncDispose]();
  }

  #serve(client: Socket): void {
    const timer = setTimeout(() => {
      this.dropped += 1;
      client.destroy();
    }, CLIENT_TIMEOUT_MS).unref();
    client.once('close', () => clearTimeout(timer));
    // The protocol has no requests: a client that sends data is disconnected.
    client.once('data', () => client.destroy());
    this.#report()
      .then((report) => client.end(`${JSON.stringify(report)}\n`))
      .catch((error: unknown) => {
        this.#logger.warn({ error }, 'the report for openrtc top could not be created');
        client.destroy();
      });
  }
}
