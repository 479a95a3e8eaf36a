import type { FileHandle } from 'node:fs/promises';
import { lstat } from 'node:fs/promises';

import { type FileKind, codeOf, fileError, openToAppend } from './own-file.js';
import { rotate } from './rotate.js';

/** Options of {@link AppendedFile}. */
export interface AppendedFileOptions {
  /** The file, or a pipe or device that exists. */
  readonly path: string;
  /** What it holds. */
  readonly kind: FileKind;
  /** Above this size the file is renamed to `path.1`, and `path.1` to `path.2`. */
  readonly maxBytes: number;
  /** How many renamed files are kept. 0: the file is never rotated. */
  readonly keep: number;
  /** Whether lines count as written only when they are on the disk. Default: false. */
  readonly sync?: boolean;
  /** Called when the file cannot be closed after an error. */
  readonly onFailure: (error: unknown) => void;
}

/** What {@link AppendedFile.append} has done. */
export interface Appended {
  /** How many of the lines, from the first one on, were written as a whole. */
  readonly written: number;
  /** Why the others were not. Undefined when there are no others. */
  readonly error?: Error;
}

/**
 * A file to which lines are appended, one call at a time. It is rotated by its size. If it was moved or removed, a new
 * one is created; if a write ended within a line, the next one begins a new line.
 */
export class AppendedFile {
  readonly #options: AppendedFileOptions;
  #handle: FileHandle | undefined;
  #size = 0;
  // The last write ended within a line.
  #torn = false;
  #isFile = false;

  private constructor(options: AppendedFileOptions) {
    this.#options = options;
  }

  /**
   * Opens or creates the file.
   * @throws OpenRtcError with the code of its kind if the path cannot be written to, or has other content.
   */
  static async open(options: AppendedFileOptions): Promise<AppendedFile> {
    const file = new AppendedFile(options);
    try {
      await file.#reopen();
    } catch (error) {
      // A pipe without a reader may get one later.
      if (codeOf(error) !== 'ENXIO') throw fileError(options.path, error, options.kind);
    }
    return file;
  }

  /** Appends lines, each with its newline. Never rejects. */
  async append(lines: readonly string[]): Promise<Appended> {
    const bytes = lines.map((line) => Buffer.from(line));
    let done = 0;
    try {
      const handle = await this.#ready(bytes.reduce((sum, { length }) => sum + length, 0));
      if (this.#torn) await handle.write('\n');
      this.#torn = false;
      await this.#write(handle, Buffer.concat(bytes), (written) => (done += written));
      if (this.#options.sync === true && this.#isFile) await handle.datasync();
      return { written: lines.length };
    } catch (error) {
      await this.#closeHandle();
      const { path, kind, sync } = this.#options;
      // What was to reach the disk, and perhaps has not, is not written.
      const written = sync === true ? 0 : wholeLines(bytes, done);
      return { written, error: fileError(path, error, kind) };
    }
  }

  /** Closes the file. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #write(
    handle: FileHandle,
    bytes: Buffer,
    onWritten: (bytes: number) => void,
  ): Promise<void> {
    let written = 0;
    try {
      while (written < bytes.length) {
        const { bytesWritten } = await handle.write(bytes, written, bytes.length - written);
        written += bytesWritten;
        onWritten(bytesWritten);
      }
    } finally {
      this.#size += written;
      this.#torn = written > 0 && written < bytes.length;
    }
  }

  /** The file with room for this many more bytes. */
  async #ready(more: number): Promise<FileHandle> {
    await this.#followRename();
    if (this.#size > 0 && this.#size + more > this.#options.maxBytes) await this.#rotate();
    return this.#handle ?? (await this.#reopen());
  }

  /** A log rotation may have moved the file: continue in a new file under the old name. */
  async #followRename(): Promise<void> {
    if (this.#handle === undefined) return;
    const open = await this.#handle.stat();
    if (!open.isFile()) return;
    this.#size = open.size;
    const there = await lstat(this.#options.path).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (there?.ino === open.ino && there.dev === open.dev) return;
    await this.#closeHandle();
    this.#torn = false;
  }

  async #rotate(): Promise<void> {
    const { path, keep, kind } = this.#options;
    if (keep === 0) return;
    await this.#closeHandle();
    this.#torn = false;
    await rotate(path, keep, kind);
  }

  async #reopen(): Promise<FileHandle> {
    const handle = await openToAppend(this.#options.path, this.#options.kind);
    const stat = await handle.stat();
    this.#handle = handle;
    this.#isFile = stat.isFile();
    this.#size = this.#isFile ? stat.size : 0;
    // A worker that died during a write may have left an incomplete line.
    this.#torn ||= this.#size > 0;
    return handle;
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(this.#options.onFailure);
  }
}

/** How many lines are whole within the first `done` bytes. */
function wholeLines(lines: readonly Buffer[], done: number): number {
  let end = 0;
  return lines.filter(({ length }) => (end += length) <= done).length;
}
