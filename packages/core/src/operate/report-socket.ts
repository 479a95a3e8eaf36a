import { randomBytes } from 'node:crypto';
import { chmod, readdir, unlink } from 'node:fs/promises';
import { type Server, type Socket, createConnection, createServer } from 'node:net';
import { join } from 'node:path';

import type { Logger } from '../base/logger.js';
import { makeRuntimeDirectory, runtimeDirectories } from './runtime-directory.js';
import type { WorkerReport } from './worker-report.js';

const MAX_CLIENTS = 8;
// A client that has not read the report by then is dropped.
const CLIENT_TIMEOUT_MS = 1_000;
// The size of sun_path without its terminating zero.
const MAX_PATH_BYTES = 107;
const SUFFIX = '.sock';

/**
 * A Unix socket that sends the report of the worker to each client once and closes the connection. It reads nothing.
 * It is in a directory that only this user can access, and its name is unique to the worker.
 */
export class ReportSocket implements AsyncDisposable {
  /** Path of the socket. */
  readonly path: string;
  /** Clients that did not read the report within 1 s. */
  dropped = 0;
  readonly #server: Server;
  readonly #report: () => Promise<WorkerReport>;
  readonly #logger: Logger;
  readonly #clients = new Set<Socket>();

  private constructor(path: string, report: () => Promise<WorkerReport>, logger: Logger) {
    this.path = path;
    this.#report = report;
    this.#logger = logger;
    this.#server = createServer((client) => this.#serve(client));
    this.#server.maxConnections = MAX_CLIENTS;
  }

  /** Creates the socket. Undefined if that is not possible; the reason is logged. */
  static async listen(
    report: () => Promise<WorkerReport>,
    logger: Logger,
  ): Promise<ReportSocket | undefined> {
    const directories = runtimeDirectories();
    const problems: string[] = [];
    for (const directory of directories) {
      try {
        return await ReportSocket.#listenIn(directory, report, logger);
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error));
      }
    }
    if (directories.length > 0)
      logger.warn(
        { problems },
        'openrtc top will not find this worker: its socket could not be created',
      );
    return undefined;
  }

  static async #listenIn(
    directory: string,
    report: () => Promise<WorkerReport>,
    logger: Logger,
  ): Promise<ReportSocket> {
    await makeRuntimeDirectory(directory);
    await sweep(directory);
    const name = `${process.pid}-${randomBytes(4).toString('hex')}${SUFFIX}`;
    const path = join(directory, name);
    if (Buffer.byteLength(path) > MAX_PATH_BYTES)
      throw new Error(`${path} is longer than a socket's path may be (${MAX_PATH_BYTES} bytes)`);
    const socket = new ReportSocket(path, report, logger);
    const server = socket.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    server.removeAllListeners('error');
    server.on('error', (error) => logger.warn({ error }, 'the socket for openrtc top failed'));
    server.unref();
    await chmod(path, 0o600);
    logger.debug({ path }, 'openrtc top can find this worker');
    return socket;
  }

  /** Disconnects every client and removes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Closing the server removes the file.
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const client of this.#clients) client.destroy();
    await closed;
  }

  #serve(client: Socket): void {
    this.#clients.add(client);
    const timer = setTimeout(() => {
      this.dropped += 1;
      client.destroy();
    }, CLIENT_TIMEOUT_MS).unref();
    client.once('close', () => {
      clearTimeout(timer);
      this.#clients.delete(client);
    });
    client.on('error', (error) =>
      this.#logger.debug({ error }, 'a client of openrtc top disconnected'),
    );
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

/** Removes sockets of workers that were killed. A socket that accepts connections belongs to a live worker. */
async function sweep(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(SUFFIX));
  await Promise.all(
    names.map(async (name) => {
      const path = join(directory, name);
      if (await isDead(path)) await remove(path);
    }),
  );
}

/**
 * Not `rm()`, which reads the status of the file first. Node keeps the last status, and while it is that of a socket
 * or a pipe, `realpathSync()` and so every `require()` does not follow symbolic links (Node 20, lib/fs.js).
 */
async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    // Another worker that starts at the same time removed it first.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function isDead(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const client = createConnection(path);
    client.setTimeout(CLIENT_TIMEOUT_MS, () => client.destroy());
    client.once('connect', () => client.destroy());
    let refused = false;
    client.once('error', (error: NodeJS.ErrnoException) => {
      refused = error.code === 'ECONNREFUSED';
    });
    client.once('close', () => resolve(refused));
  });
}
