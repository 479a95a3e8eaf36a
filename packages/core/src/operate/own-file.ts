import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

import { OpenRtcError, messageOf } from '../base/errors.js';
import { parseMetricsLine } from './metrics-envelope.js';

// Files whose paths an operator names, in folders others may write to: nothing is followed, nothing that is not
// ours is touched, and nobody else may read them.
const MODE = 0o600;
const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
// A snapshot of thousands of calls is shorter than that.
const MOST_LINE_BYTES = 4 * 1_024 * 1_024;

/**
 * Opens a file to append to; it is made when it is not there. A pipe or a device is taken as it is.
 * @throws OpenRtcError `CONFIG_METRICS_FILE` when it is a link, another's, or no metrics file; else the error of
 * the file system.
 */
export async function openToAppend(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true });
  // Without O_NONBLOCK a pipe that nobody reads would hold the thread for ever.
  const handle = await opened(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stat = await handle.stat();
    // A device is the system's.
    if (stat.isFile() || stat.isFIFO()) checkOwner(path, stat);
    if (stat.isFile() && stat.size > 0) await checkContent(path, stat);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Makes a file that was not there. */
export function openNew(path: string): Promise<FileHandle> {
  return opened(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
}

/**
 * Says no to a path where something stands that must not be replaced: anything but a metrics file of ours.
 * @throws OpenRtcError `CONFIG_METRICS_FILE`.
 */
export async function checkReplaceable(path: string): Promise<void> {
  const stat = await lstat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (stat === undefined) return;
  if (!stat.isFile()) throw refused(path, 'it is no regular file');
  checkOwner(path, stat);
  if (stat.size > 0) await checkContent(path, stat);
}

/** The error of a metrics file, unless it is one already. */
export function fileError(path: string, error: unknown): OpenRtcError {
  if (error instanceof OpenRtcError) return error;
  return new OpenRtcError('CONFIG_METRICS_FILE', `${path} cannot be written: ${messageOf(error)}`, {
    cause: error,
  });
}

async function opened(path: string, flags: number): Promise<FileHandle> {
  try {
    return await open(path, flags, MODE);
  } catch (error) {
    if (codeOf(error) === 'ELOOP') throw refused(path, 'it is a symbolic link');
    throw error;
  }
}

function checkOwner(path: string, { uid, nlink }: { uid: number; nlink: number }): void {
  const own = process.getuid?.();
  if (own !== undefined && uid !== own) throw refused(path, 'it belongs to another user');
  if (nlink > 1) throw refused(path, 'the file has another name as well (a hard link)');
}

/** A path that was mistyped is more likely some other file than a metrics file. */
async function checkContent(path: string, same: { dev: number; ino: number }): Promise<void> {
  const handle = await opened(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const { dev, ino } = await handle.stat();
    if (dev !== same.dev || ino !== same.ino) throw refused(path, 'it was replaced just now');
    if (parseMetricsLine(await firstLine(handle)) === undefined)
      throw refused(
        path,
        'it has content that is no metrics of OpenRTC; name another, or remove it',
      );
  } finally {
    await handle.close();
  }
}

async function firstLine(handle: FileHandle): Promise<string> {
  const chunk = Buffer.alloc(64 * 1_024);
  let text = '';
  while (text.length < MOST_LINE_BYTES) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, null);
    // JSON.stringify leaves no line end inside; a character cut in two does not matter to where it stands.
    text += chunk.toString('utf8', 0, bytesRead);
    const end = text.indexOf('\n');
    if (end >= 0) return text.slice(0, end);
    if (bytesRead === 0) return text;
  }
  return '';
}

function refused(path: string, why: string): OpenRtcError {
  return new OpenRtcError('CONFIG_METRICS_FILE', `${path} is not written to: ${why}.`);
}

/** The code of an error of the file system. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code;
}
