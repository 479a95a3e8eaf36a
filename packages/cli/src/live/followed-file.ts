import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

import { UsageError } from '../usage-error.js';
import { LineSplitter } from './line-splitter.js';

const CHUNK_BYTES = 64 * 1_024;
/** How often a followed file is read, in milliseconds. */
export const FILE_POLL_MS = 250;

/** Where reading begins: at the start, or this many bytes before the end. */
export type ReadFrom = 'start' | { readonly lastBytes: number };

/**
 * A file that grows by lines, read whenever {@link read} is called. It may not exist yet, be moved away and created
 * again, or be emptied. It is polled: notifications of changes do not work on network file systems.
 */
export class FollowedFile implements AsyncDisposable {
  readonly path: string;
  /** Whether the file has been found so far. */
  exists = false;
  /** The number of lines that were too long, or never finished. */
  get broken(): number {
    return this.#lines.tooLong + this.#cutOff;
  }
  /** How often the file was moved away or emptied. */
  restarts = 0;
  readonly #lines = new LineSplitter();
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  #from: ReadFrom;
  #handle: FileHandle | undefined;
  #position = 0;
  #cutOff = 0;

  constructor(path: string, from: ReadFrom) {
    this.path = path;
    this.#from = from;
  }

  /**
   * Calls `onLine` with each new line.
   * @returns false when the file does not exist
   * @throws UsageError when it is not a regular file, or cannot be read
   */
  async read(onLine: (line: string) => void): Promise<boolean> {
    if (this.#handle === undefined && !(await this.#open())) return false;
    await this.#readOn(onLine);
    while (await this.#moved()) {
      // Lines written to the old file after it was read last.
      await this.#readOn(onLine);
      await this.#close();
      this.#restarted();
      if (!(await this.#open())) return true;
      await this.#readOn(onLine);
    }
    return true;
  }

  /** The last line without a line end, when no more will be written. */
  rest(): string | undefined {
    return this.#lines.rest();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #open(): Promise<boolean> {
    const handle = await this.#opened();
    if (handle === undefined) return false;
    const found = await handle.stat();
    if (!found.isFile()) {
      await handle.close();
      throw new UsageError(`${this.path} is not a regular file`);
    }
    this.#handle = handle;
    this.exists = true;
    this.#position = 0;
    if (this.#from !== 'start' && found.size > this.#from.lastBytes) {
      // One byte more: if it is a line end, the line after it is complete.
      this.#position = found.size - this.#from.lastBytes - 1;
      this.#lines.skipToNextLine();
    }
    // A file that replaces it is read from its start.
    this.#from = 'start';
    return true;
  }

  async #opened(): Promise<FileHandle | undefined> {
    try {
      // Without O_NONBLOCK, opening a pipe waits for a writer.
      return await open(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') {
        // If it is created later, all of it is new.
        this.#from = 'start';
        return undefined;
      }
      throw new UsageError(`${this.path} cannot be read (${code})`, { cause: error });
    }
  }

  async #readOn(onLine: (line: string) => void): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) return;
    if ((await handle.stat()).size < this.#position) this.#restarted();
    for (;;) {
      const { bytesRead } = await handle.read(this.#chunk, 0, CHUNK_BYTES, this.#position);
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      this.#lines.push(this.#chunk.subarray(0, bytesRead), onLine);
    }
  }

  /** Whether another file now has its name. A file that was only removed is read until there is one. */
  async #moved(): Promise<boolean> {
    if (this.#handle === undefined) return false;
    const mine = await this.#handle.stat();
    const there = await stat(this.path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    });
    return there !== undefined && (there.ino !== mine.ino || there.dev !== mine.dev);
  }

  #restarted(): void {
    this.restarts += 1;
    this.#position = 0;
    if (this.#lines.rest() !== undefined) this.#cutOff += 1;
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}
