import { randomBytes } from 'node:crypto';
import { chmod, readdir, unlink } from 'node:fs/promises';
import { type Server, type Socket, createServer } from 'node:net';
import { join } from 'node:path';

import type { Logger } from '../base/logger.js';
import { makeRuntimeDirectory, runtimeDirectories } from './runtime-directory.js';
import { type SocketSuffix, isDead } from './find-sockets.js';

const MAX_CLIENTS = 8;
// The size of sun_path without its terminating zero.
const MAX_PATH_BYTES = 107;

/** Options of {@link PrivateSocket}. */
export interface PrivateSocketOptions {
  /** The end of its name, which says what is spoken on it. */
  readonly suffix: SocketSuffix;
  /** The command that connects to it, for the log. */
  readonly command: string;
  /** Whether a client that has said everything still gets its answer. Default: false. */
  readonly allowHalfOpen?: boolean;
  /** Called with each client. It ends the connection. */
  readonly serve: (client: Socket) => void;
  readonly logger: Logger;
}

/**
 * A Unix socket of the worker, for programs of the same user on this machine. It is in a directory that only this user
 * can access, and its name is unique to the worker. It has 8 clients at a time; further ones are disconnected.
 */
export class PrivateSocket implements AsyncDisposable {
  /** Path of the socket. */
  readonly path: string;
  readonly #options: PrivateSocketOptions;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();

  private constructor(path: string, options: PrivateSocketOptions) {
    const { allowHalfOpen = false } = options;
    this.path = path;
    this.#options = options;
    this.#server = createServer({ allowHalfOpen }, (client) => this.#serve(client));
    this.#server.maxConnections = MAX_CLIENTS;
  }

  /** Creates the socket. Undefined if that is not possible; the reason is logged. */
  static async listen(options: PrivateSocketOptions): Promise<PrivateSocket | undefined> {
    const directories = runtimeDirectories();
    const problems: string[] = [];
    for (const directory of directories) {
      try {
        return await PrivateSocket.#listenIn(directory, options);
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error));
      }
    }
    if (directories.length > 0)
      options.logger.warn(
        { problems },
        `${options.command} will not find this worker: its socket could not be created`,
      );
    return undefined;
  }

  static async #listenIn(directory: string, options: PrivateSocketOptions): Promise<PrivateSocket> {
    const { suffix, command, logger } = options;
    await makeRuntimeDirectory(directory);
    await sweep(directory, suffix);
    const name = `${process.pid}-${randomBytes(4).toString('hex')}${suffix}`;
    const path = join(directory, name);
    if (Buffer.byteLength(path) > MAX_PATH_BYTES)
      throw new Error(`${path} is longer than a socket's path may be (${MAX_PATH_BYTES} bytes)`);
    const socket = new PrivateSocket(path, options);
    const server = socket.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    server.removeAllListeners('error');
    server.on('error', (error) => logger.warn({ error }, `the socket for ${command} failed`));
    server.unref();
    await chmod(path, 0o600);
    logger.debug({ path }, `${command} can find this worker`);
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
    const { command, logger, serve } = this.#options;
    this.#clients.add(client);
    client.once('close', () => this.#clients.delete(client));
    client.on('error', (error) => logger.debug({ error }, `a client of ${command} disconnected`));
    serve(client);
  }
}

/** Removes sockets of workers that were killed. A socket that accepts connections belongs to a live worker. */
async function sweep(directory: string, suffix: SocketSuffix): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(suffix));
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
