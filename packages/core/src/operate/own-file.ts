import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

import { type ErrorCode, OpenRtcError, messageOf } from '../base/errors.js';
import { parseMetricsLine } from './metrics-envelope.js';

// The operator names these files, perhaps in directories that others can write to: links are not followed, files of
// other users or programs are not touched, and no other user may read them.
const MODE = 0o600;
const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
// A snapshot of thousands of calls is shorter.
const MAX_LINE_BYTES = 4 * 1_024 * 1_024;

/** What a file of OpenRTC holds. */
export interface FileKind {
  /** The code of the errors about it. */
  readonly code: Extract<ErrorCode, 'CONFIG_METRICS_FILE' | 'CONFIG_AUDIT_FILE'>;
  /** Its content, for messages. */
  readonly content: string;
  /** Whether a line is one that OpenRTC writes into such files. */
  readonly isOwn: (line: string) => boolean;
}

/** Files of metrics. */
export const metricsFile: FileKind = {
  code: 'CONFIG_METRICS_FILE',
  content: 'metrics of OpenRTC',
  isOwn: (line) => parseMetricsLine(line) !== undefined,
};

/**
 * Opens a file to append to and creates it if it does not exist. A pipe or a device is used as it is.
 * @throws OpenRtcError with the code of its kind if it is a link, belongs to another user, or has other content;
 * otherwise the error of the file system.
 */
export async function openToAppend(path: string, kind = metricsFile): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true });
  // Without O_NONBLOCK, opening a pipe without a reader would block the thread forever.
  const handle = await opened(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, kind);
  try {
    const stat = await handle.stat();
    // Devices belong to the system, so their owner is not checked.
    if (stat.isFile() || stat.isFIFO()) checkOwner(path, stat, kind);
    if (stat.isFile() && stat.size > 0) await checkContent(path, stat, kind);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Creates a file. Rejects with the error of the file system if it exists. */
export function openNew(path: string): Promise<FileHandle> {
  return opened(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, metricsFile);
}

/**
 * Checks that a path can be replaced: it does not exist, or it is a file of this kind and this user.
 * @throws OpenRtcError with the code of its kind if it must not be replaced; otherwise the error of the file system.
 */
export async function checkReplaceable(path: string, kind = metricsFile): Promise<void> {
  const stat = await lstat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (stat === undefined) return;
  if (!stat.isFile()) throw refused(path, 'it is not a regular file', kind);
  checkOwner(path, stat, kind);
  if (stat.size > 0) await checkContent(path, stat, kind);
}

/** Wraps an error of the file system with the code of the kind; an OpenRtcError is returned as it is. */
export function fileError(path: string, error: unknown, kind = metricsFile): OpenRtcError {
  if (error instanceof OpenRtcError) return error;
  return new OpenRtcError(kind.code, `${path} cannot be written: ${messageOf(error)}`, {
    cause: error,
  });
}

async function opened(path: string, flags: number, kind: FileKind): Promise<FileHandle> {
  try {
    return await open(path, flags, MODE);
  } catch (error) {
    if (codeOf(error) === 'ELOOP') throw refused(path, 'it is a symbolic link', kind);
    throw error;
  }
}

function checkOwner(
  path: string,
  { uid, nlink }: { uid: number; nlink: number },
  kind: FileKind,
): void {
  const own = process.getuid?.();
  if (own !== undefined && uid !== own) throw refused(path, 'it belongs to another user', kind);
  if (nlink > 1) throw refused(path, 'the file has a second name (a hard link)', kind);
}

/** Protects other files from a mistyped path. */
async function checkContent(
  path: string,
  same: { dev: number; ino: number },
  kind: FileKind,
): Promise<void> {
  const handle = await opened(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, kind);
  try {
    const { dev, ino } = await handle.stat();
    if (dev !== same.dev || ino !== same.ino)
      throw refused(path, 'it was replaced at the same moment', kind);
    if (!kind.isOwn(await firstLine(handle)))
      throw refused(
        path,
        `it has other content than ${kind.content}; use another path, or remove it`,
        kind,
      );
  } finally {
    await handle.close();
  }
}

async function firstLine(handle: FileHandle): Promise<string> {
  const chunk = Buffer.alloc(64 * 1_024);
  let text = '';
  while (text.length < MAX_LINE_BYTES) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, null);
    // JSON contains no newline, and a character that is split between two reads does not hide one.
    text += chunk.toString('utf8', 0, bytesRead);
    const end = text.indexOf('\n');
    if (end >= 0) return text.slice(0, end);
    if (bytesRead === 0) return text;
  }
  return '';
}

function refused(path: string, why: string, { code }: FileKind): OpenRtcError {
  return new OpenRtcError(code, `${path} is not written to: ${why}.`);
}

/** The code of an error of the file system, e.g. `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code;
}
