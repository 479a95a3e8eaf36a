import { lstat, readdir } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';

import { messageOf } from '../base/errors.js';
import { kindOf } from '../base/kind-of.js';
import { MAX_MS, checkKeys, checkWhole, invalidOption } from '../base/option-checks.js';
import { checkRuntimeDirectory, runtimeDirectories } from './runtime-directory.js';

/** The ends of the names of a worker's sockets: `.sock` reports, `.control` takes commands. */
export type SocketSuffix = '.sock' | '.control';

/** A worker, by one of its sockets. */
export interface FoundWorker {
  /** The process id in the name of its socket. It may be wrong for a worker in another container. */
  readonly pid: number;
  /** Path of its socket. */
  readonly socket: string;
}

const MAX_ANSWER_BYTES = 16 * 1_024 * 1_024;
const MAX_WORKERS = 256;
const PROBE_MS = 1_000;
const CLOSED = 'it closed the connection: it is closing, or has too many clients';

/**
 * The sockets of this user's workers with one suffix. Those of workers that were killed may be among them.
 * @returns also the directories that were ignored because other users can access them, with the reason
 */
export async function findSockets(
  suffix: SocketSuffix,
  directories: readonly string[] = runtimeDirectories(),
): Promise<{ readonly sockets: readonly FoundWorker[]; readonly problems: readonly string[] }> {
  const problems: string[] = [];
  const found = await Promise.all(
    directories.map((directory) =>
      socketsIn(directory, suffix).catch((error: unknown) => {
        if (!isCode(error, 'ENOENT')) problems.push(messageOf(error));
        return [];
      }),
    ),
  );
  return { sockets: found.flat().slice(0, MAX_WORKERS).sort(byPid), problems };
}

async function socketsIn(directory: string, suffix: SocketSuffix): Promise<readonly FoundWorker[]> {
  await checkRuntimeDirectory(directory);
  const names = (await readdir(directory)).filter(
    (name) => name.endsWith(suffix) && /^\d+-[0-9a-f]+$/.test(name.slice(0, -suffix.length)),
  );
  return names.map((name) => ({ pid: Number.parseInt(name, 10), socket: join(directory, name) }));
}

function byPid(one: FoundWorker, other: FoundWorker): number {
  return one.pid - other.pid || one.socket.localeCompare(other.socket);
}

/**
 * Everything that a worker sends, as text.
 * @param request - what is sent to it first
 * @returns undefined if the worker no longer exists
 * @throws Error with the reason why there is no answer
 */
export async function answerOf(
  { socket }: FoundWorker,
  timeoutMs: number,
  request?: string,
): Promise<string | undefined> {
  try {
    if (!(await lstat(socket)).isSocket()) return undefined;
    const text = await read(socket, timeoutMs, request);
    if (text === '') throw new Error(CLOSED);
    return text;
  } catch (error) {
    // The worker was killed and left its socket.
    if (isCode(error, 'ECONNREFUSED') || isCode(error, 'ENOENT')) return undefined;
    if (isCode(error, 'EPIPE') || isCode(error, 'ECONNRESET'))
      throw new Error(CLOSED, { cause: error });
    throw error;
  }
}

function read(socket: string, timeoutMs: number, request: string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const client = createConnection(socket);
    const fail = (error: Error) => {
      clearTimeout(timer);
      client.destroy();
      reject(error);
    };
    const timer = setTimeout(
      () => fail(new Error(`it did not answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    if (request !== undefined) client.write(request);
    client.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) fail(new Error('its answer is too long'));
      else chunks.push(chunk);
    });
    client.once('error', fail);
    client.once('end', () => {
      clearTimeout(timer);
      client.destroy();
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
  });
}

/** Whether nobody listens on a socket any more: its worker was killed. */
export function isDead(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const client = createConnection(path);
    client.setTimeout(PROBE_MS, () => client.destroy());
    client.once('connect', () => client.destroy());
    let refused = false;
    client.once('error', (error: NodeJS.ErrnoException) => {
      refused = error.code === 'ECONNREFUSED';
    });
    client.once('close', () => resolve(refused));
  });
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === code;
}

/**
 * Checks the options of a function that looks for workers, or asks one.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`
 */
export function checkFindOptions(
  where: string,
  options: unknown,
  known: readonly ('directories' | 'timeoutMs')[],
): void {
  checkKeys(where, options, known);
  const { directories } = options;
  const isList =
    Array.isArray(directories) && directories.every((each) => typeof each === 'string');
  if (directories !== undefined && !isList)
    throw invalidOption(
      where,
      `directories must be an array of paths, such as ['/run/openrtc'], got ${kindOf(directories)}`,
    );
  checkWhole(where, 'timeoutMs', options['timeoutMs'], { min: 1, max: MAX_MS });
}
