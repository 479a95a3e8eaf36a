import { lstat, readdir } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';

import { messageOf } from '../base/errors.js';
import { kindOf } from '../base/kind-of.js';
import { MAX_MS, checkKeys, checkWhole, invalidOption } from '../base/option-checks.js';
import { checkRuntimeDirectory, runtimeDirectories } from './runtime-directory.js';
import { type WorkerReport, parseWorkerReport } from './worker-report.js';

const MAX_BYTES = 16 * 1_024 * 1_024;
const MAX_WORKERS = 256;

/** Options of {@link readWorkers}. */
export interface ReadWorkersOptions {
  /** Directories to search. Default: those in which workers of this user create their sockets. */
  readonly directories?: readonly string[];
  /** How long a worker may take to answer, in milliseconds. Default: 2 000. */
  readonly timeoutMs?: number;
}

/** A worker that was found, with its report or the problem that prevented one. */
export type AskedWorker = {
  /** The process id in the name of its socket. It may be wrong for a worker in another container. */
  readonly pid: number;
  /** Path of its socket. */
  readonly socket: string;
} & (
  | { readonly report: WorkerReport; readonly problem?: undefined }
  /** It exists and does not answer: its event loop may be blocked. */
  | { readonly report?: undefined; readonly problem: string }
);

/** Every worker of this user on this machine. */
export interface WorkersOfUser {
  /** The workers, by process id. */
  readonly workers: readonly AskedWorker[];
  /** Directories that were ignored because other users can access them, with the reason. */
  readonly problems: readonly string[];
}

/**
 * Reads the report of every worker of this user on this machine. Never rejects because of one worker.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`
 */
export async function readWorkers(options: ReadWorkersOptions = {}): Promise<WorkersOfUser> {
  checkOptions(options);
  const { directories = runtimeDirectories(), timeoutMs = 2_000 } = options;
  const problems: string[] = [];
  const found = await Promise.all(
    directories.map((directory) =>
      socketsIn(directory).catch((error: unknown) => {
        if (!isCode(error, 'ENOENT')) problems.push(messageOf(error));
        return [];
      }),
    ),
  );
  const sockets = found.flat().slice(0, MAX_WORKERS);
  const asked = await Promise.all(sockets.map((socket) => ask(socket, timeoutMs)));
  const workers = asked
    .filter((worker) => worker !== undefined)
    .sort((a, b) => a.pid - b.pid || a.socket.localeCompare(b.socket));
  return { workers, problems };
}

async function socketsIn(directory: string): Promise<readonly string[]> {
  await checkRuntimeDirectory(directory);
  const names = (await readdir(directory)).filter((name) => /^\d+-[0-9a-f]+\.sock$/.test(name));
  return names.map((name) => join(directory, name));
}

/** Undefined if the worker no longer exists. */
async function ask(socket: string, timeoutMs: number): Promise<AskedWorker | undefined> {
  const pid = Number.parseInt(socket.slice(socket.lastIndexOf('/') + 1), 10);
  try {
    if (!(await lstat(socket)).isSocket()) return undefined;
    const text = await answerOf(socket, timeoutMs);
    if (text === '')
      return {
        pid,
        socket,
        problem: 'it closed the connection: it is closing, or has too many clients',
      };
    const report = parseWorkerReport(text);
    return report === undefined
      ? { pid, socket, problem: 'its answer is not valid: is it another version of OpenRTC?' }
      : { pid, socket, report };
  } catch (error) {
    // The worker was killed and left its socket.
    if (isCode(error, 'ECONNREFUSED') || isCode(error, 'ENOENT')) return undefined;
    return { pid, socket, problem: messageOf(error) };
  }
}

function answerOf(socket: string, timeoutMs: number): Promise<string> {
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
    client.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) fail(new Error('its answer is too long'));
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

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === code;
}

function checkOptions(options: unknown): void {
  const where = 'readWorkers()';
  checkKeys(where, options, ['directories', 'timeoutMs']);
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
