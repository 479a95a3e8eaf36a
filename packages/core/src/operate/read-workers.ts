import { lstat, readdir } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';

import { messageOf } from '../base/errors.js';
import { checkRuntimeDirectory, runtimeDirectories } from './runtime-directory.js';
import { type WorkerReport, parseWorkerReport } from './worker-report.js';

const MOST_BYTES = 16 * 1_024 * 1_024;
const MOST_WORKERS = 256;

export interface ReadWorkersOptions {
  /** Where to look. Default: where workers of this user put their sockets. */
  readonly directories?: readonly string[];
  /** How long a worker may take to answer, in milliseconds. Default: 2 000. */
  readonly timeoutMs?: number;
}

/** A worker that was asked. */
export type AskedWorker = {
  /** From the name of its socket; another container's worker may have any. */
  readonly pid: number;
  readonly socket: string;
} & (
  | { readonly report: WorkerReport; readonly problem?: undefined }
  /** It is there and does not answer: its event loop may be blocked at this moment. */
  | { readonly report?: undefined; readonly problem: string }
);

/** Every worker of this user on this machine. */
export interface WorkersOfUser {
  readonly workers: readonly AskedWorker[];
  /** Folders that are not used because they are not this user's alone. */
  readonly problems: readonly string[];
}

/** Asks every worker of this user on this machine what it does. */
export async function readWorkers({
  directories = runtimeDirectories(),
  timeoutMs = 2_000,
}: ReadWorkersOptions = {}): Promise<WorkersOfUser> {
  const problems: string[] = [];
  const found = await Promise.all(
    directories.map((directory) =>
      socketsIn(directory).catch((error: unknown) => {
        if (!isCode(error, 'ENOENT')) problems.push(messageOf(error));
        return [];
      }),
    ),
  );
  const sockets = found.flat().slice(0, MOST_WORKERS);
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

/** Undefined for one that is not there any more. */
async function ask(socket: string, timeoutMs: number): Promise<AskedWorker | undefined> {
  const pid = Number.parseInt(socket.slice(socket.lastIndexOf('/') + 1), 10);
  try {
    if (!(await lstat(socket)).isSocket()) return undefined;
    const text = await answerOf(socket, timeoutMs);
    if (text === '')
      return { pid, socket, problem: 'it hung up: it is closing, or too many ask at once' };
    const report = parseWorkerReport(text);
    return report === undefined
      ? { pid, socket, problem: 'its answer makes no sense: another version of OpenRTC?' }
      : { pid, socket, report };
  } catch (error) {
    // It was killed, and has left its socket.
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
      if (bytes > MOST_BYTES) fail(new Error('its answer is too long'));
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
