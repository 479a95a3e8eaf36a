import { randomBytes } from 'node:crypto';
import { chmod, readdir, unlink } from 'node:fs/promises';
import { type Server, type Socket, createConnection, createServer } from 'node:net';
import { join } from 'node:path';

import type { Logger } from '../base/logger.js';
import { makeRuntimeDirectory, runtimeDirectories } from './runtime-directory.js';
import type { WorkerReport } from './worker-report.js';

const MOST_CLIENTS = 8;
// What has not been read by then is not waited for.
const CLIENT_MS = 1_000;
// sun_path without its last zero.
const LONGEST_PATH = 107;
const SUFFIX = '.sock';

/**
 * A Unix socket that tells each client the worker's report, once, and hangs up. It listens to nothing. It is in a
 * folder only this user can enter, under a name of its own, so that no worker takes another's.
 */
export class ReportSocket implements AsyncDisposable {
  readonly path: string;
  /** Clients that did not read in time. */
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
    this.#server.maxConnections = MOST_CLIENTS;
  }

  /** Undefined when there can be none; why is logged. A worker runs as well without. */
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
      logger.warn({ problems }, 'no socket for openrtc top: it will not find this worker');
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
    if (Buffer.byteLength(path) > LONGEST_PATH)
      throw new Error(`${path} is longer than a socket's path may be (${LONGEST_PATH} bytes)`);
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
    logger.debug({ path }, 'openrtc top finds this worker');
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Closing removes the file.
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const client of this.#clients) client.destroy();
    await closed;
  }

  #serve(client: Socket): void {
    this.#clients.add(client);
    const timer = setTimeout(() => {
      this.dropped += 1;
      client.destroy();
    }, CLIENT_MS).unref();
    client.once('close', () => {
      clearTimeout(timer);
      this.#clients.delete(client);
    });
    client.on('error', (error) => this.#logger.debug({ error }, 'a client of openrtc top is gone'));
    // Nothing is asked of it: what somebody sends is a mistake.
    client.once('data', () => client.destroy());
    this.#report()
      .then((report) => client.end(`${JSON.stringify(report)}\n`))
      .catch((error: unknown) => {
        this.#logger.warn({ error }, 'the report for openrtc top failed');
        client.destroy();
      });
  }
}

/** Removes what workers have left that were killed. One that answers is alive, whatever its name says. */
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
 * Not `rm()`, which looks at the file before: Node keeps what it saw last, and while that is a socket or a pipe its
 * `realpathSync()`, and with it every `require()`, takes symbolic links for what they are not (Node 20, lib/fs.js).
 */
async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    // Another worker that starts at this moment was first.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function isDead(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const client = createConnection(path);
    client.setTimeout(CLIENT_MS, () => client.destroy());
    client.once('connect', () => client.destroy());
    let refused = false;
    client.once('error', (error: NodeJS.ErrnoException) => {
      refused = error.code === 'ECONNREFUSED';
    });
    client.once('close', () => resolve(refused));
  });
}
