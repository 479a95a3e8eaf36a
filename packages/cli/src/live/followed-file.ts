import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

import { UsageError } from '../usage-error.js';
import { LineSplitter } from './line-splitter.js';

const CHUNK_BYTES = 64 * 1_024;

/** Where a file is read from: all of it, or so many bytes before its end. */
export type ReadFrom = 'start' | { readonly lastBytes: number };

/**
 * A file that somebody writes lines to, read as it grows. It may not be there yet, be moved away and made anew, or be
 * emptied. It is looked at when asked: what watches files for changes sees none on a network's file system.
 */
export class FollowedFile implements AsyncDisposable {
  /** Lines that are longer than anybody writes, or of which the end never came. */
  get broken(): number {
    return this.#lines.tooLong + this.#cutOff;
  }
  /** How often the file was moved away or emptied. */
  restarts = 0;
  readonly #path: string;
  readonly #lines = new LineSplitter();
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  #from: ReadFrom;
  #handle: FileHandle | undefined;
  #position = 0;
  #cutOff = 0;

  constructor(path: string, from: ReadFrom) {
    this.#path = path;
    this.#from = from;
  }

  /**
   * Gives the lines that are new.
   * @returns false when there is no such file
   * @throws UsageError when it is none that has lines, or may not be read
   */
  async read(take: (line: string) => void): Promise<boolean> {
    if (this.#handle === undefined && !(await this.#open())) return false;
    await this.#readOn(take);
    while (await this.#moved()) {
      // What was written to the old one between the last two looks.
      await this.#readOn(take);
      await this.#close();
      this.#restarted();
      if (!(await this.#open())) return true;
      await this.#readOn(take);
    }
    return true;
  }

  /** The last line, where nothing ends it: for a file that nobody writes to any more. */
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
      throw new UsageError(`${this.#path} is no regular file`);
    }
    this.#handle = handle;
    this.#position = 0;
    if (this.#from !== 'start' && found.size > this.#from.lastBytes) {
      // One byte more: where it ends a line, the one behind it is whole.
      this.#position = found.size - this.#from.lastBytes - 1;
      this.#lines.skipToNextLine();
    }
    // Whatever comes in its place is new from its first line on.
    this.#from = 'start';
    return true;
  }

  async #opened(): Promise<FileHandle | undefined> {
    try {
      // Without O_NONBLOCK a pipe would hold us until somebody writes.
      return await open(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') {
        // It may come yet, and then all of it is new.
        this.#from = 'start';
        return undefined;
      }
      throw new UsageError(`${this.#path} cannot be read (${code})`, { cause: error });
    }
  }

  async #readOn(take: (line: string) => void): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) return;
    if ((await handle.stat()).size < this.#position) this.#restarted();
    for (;;) {
      const { bytesRead } = await handle.read(this.#chunk, 0, CHUNK_BYTES, this.#position);
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      this.#lines.push(this.#chunk.subarray(0, bytesRead), take);
    }
  }

  /** Whether another file has its name by now. One that was only removed is read on until there is. */
  async #moved(): Promise<boolean> {
    if (this.#handle === undefined) return false;
    const mine = await this.#handle.stat();
    const there = await stat(this.#path).catch((error: unknown) => {
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
