import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { parseMetricsLine } from '@openrtc/core/operate';

import { LineSplitter } from '../../live/line-splitter.js';
import { UsageError } from '../../usage-error.js';

const CHUNK_BYTES = 256 * 1_024;
// Twice the longest line.
const HEAD_BYTES = 8 * 1_024 * 1_024;

/** A file that is open. */
export interface MetricsFile {
  readonly path: string;
  readonly handle: FileHandle;
  /** The time of its first line; infinite when that is not one of a metrics file. */
  readonly firstAt: number;
}

/**
 * Opens metrics files, the oldest first, each once: `metrics.jsonl` is also `metrics.jsonl.1` and so on, which are there
 * after a rotation. In the last part of a path, `*` and `?` stand for any characters.
 * @throws UsageError when a file is not there or cannot be read; nothing stays open in that case
 */
export async function openMetricsFiles(paths: readonly string[]): Promise<readonly MetricsFile[]> {
  const files: MetricsFile[] = [];
  const identities = new Set<string>();
  const add = async (path: string, needed: boolean): Promise<void> => {
    const handle = await openFile(path, needed);
    if (handle === undefined) return;
    const [file, identity] = await described(path, handle);
    if (identities.has(identity)) await handle.close();
    else {
      identities.add(identity);
      files.push(file);
    }
  };
  try {
    for (const path of await matching(paths)) {
      // The newest first: a file that is renamed meanwhile is found under its next name.
      await add(path, true);
      for (const rotated of await rotatedFiles(path)) await add(rotated, false);
    }
  } catch (error) {
    await closeFiles(files);
    throw error;
  }
  return files.toSorted((one, other) => byTime(one.firstAt, other.firstAt));
}

/** Closes all of them. */
export async function closeFiles(files: readonly MetricsFile[]): Promise<void> {
  await Promise.all(files.map(({ handle }) => handle.close()));
}

/** Calls `onLine` with each line and its number, from 1, up to the end of the file. */
export async function readLines(
  chunks: AsyncIterable<Buffer | string>,
  onLine: (line: string, number: number) => void,
  onTooLong: (number: number) => void,
): Promise<void> {
  const splitter = new LineSplitter();
  let [lines, tooLong] = [0, 0];
  const line = (text: string) => {
    skipTooLong();
    lines += 1;
    onLine(text, lines + tooLong);
  };
  const skipTooLong = () => {
    while (tooLong < splitter.tooLong) {
      tooLong += 1;
      onTooLong(lines + tooLong);
    }
  };
  for await (const chunk of chunks)
    splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk, line);
  const rest = splitter.rest();
  if (rest === undefined) skipTooLong();
  else line(rest);
}

/** The content of a file, from its start, as far as it is written now. */
export async function* chunksOf({ handle, path }: MetricsFile): AsyncGenerator<Buffer> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let position = 0;
  for (;;) {
    const bytesRead = await readAt(handle, path, chunk, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

async function readAt(
  handle: FileHandle,
  path: string,
  chunk: Buffer,
  position: number,
): Promise<number> {
  try {
    return (await handle.read(chunk, 0, chunk.length, position)).bytesRead;
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function openFile(path: string, needed: boolean): Promise<FileHandle | undefined> {
  try {
    // Without O_NONBLOCK, opening a pipe waits for a writer.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw unreadable(path, error);
    if (!needed) return undefined;
    throw new UsageError(`${path} does not exist: a worker writes it with --metrics-jsonl ${path}`);
  }
}

/** The file, and what identifies it whatever its name is. */
async function described(
  path: string,
  handle: FileHandle,
): Promise<readonly [MetricsFile, identity: string]> {
  try {
    const stat = await handle.stat();
    if (!stat.isFile())
      throw new UsageError(`${path} is not a regular file; pipe other things: … | openrtc usage -`);
    const firstAt = await firstTime(handle, path);
    return [{ path, handle, firstAt }, `${stat.dev}:${stat.ino}`];
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function firstTime(handle: FileHandle, path: string): Promise<number> {
  const lines = new LineSplitter();
  let firstAt = Number.POSITIVE_INFINITY;
  let bytes = 0;
  for await (const chunk of chunksOf({ handle, path, firstAt })) {
    lines.push(chunk, (line) => {
      if (firstAt === Number.POSITIVE_INFINITY)
        firstAt = parseMetricsLine(line)?.timestamp ?? firstAt;
    });
    bytes += chunk.length;
    if (firstAt !== Number.POSITIVE_INFINITY || bytes >= HEAD_BYTES) break;
  }
  return firstAt;
}

async function matching(paths: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  const faults: string[] = [];
  for (const path of paths) {
    const name = basename(path);
    const pattern = /[*?]/.test(name) ? patternOf(name) : undefined;
    if (pattern === undefined) {
      found.push(path);
      continue;
    }
    const names = (await namesIn(dirname(path))).filter((each) => pattern.test(each));
    if (names.length === 0) faults.push(`no file is called ${path}`);
    found.push(...names.map((each) => join(dirname(path), each)));
  }
  if (faults.length > 0) throw new UsageError(faults.join('; '));
  return found;
}

async function rotatedFiles(path: string): Promise<readonly string[]> {
  const name = basename(path);
  const numbers = (await namesIn(dirname(path)))
    .filter((each) => each.startsWith(`${name}.`))
    .map((each) => each.slice(name.length + 1))
    .filter((rest) => /^[1-9]\d{0,5}$/.test(rest))
    .map(Number)
    .toSorted((one, other) => one - other);
  // A rotation may give the last one the next number meanwhile.
  return [...numbers, (numbers.at(-1) ?? 0) + 1].map((number) => `${path}.${number}`);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).toSorted();
  } catch (error) {
    throw unreadable(folder, error);
  }
}

function patternOf(name: string): RegExp {
  const source = name.replaceAll(/[^*?]+/g, (text) =>
    text.replaceAll(/[\\^$.|+()[\]{}]/g, (sign) => `\\${sign}`),
  );
  return new RegExp(`^${source.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}

function byTime(one: number, other: number): number {
  return one === other ? 0 : one - other;
}

function unreadable(path: string, error: unknown): UsageError {
  return new UsageError(`${path} cannot be read (${codeOf(error)})`, { cause: error });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
