import type { FileHandle } from 'node:fs/promises';
import { lstat } from 'node:fs/promises';

import type { MetricsEntry, MetricsEnvelopes } from './metrics-envelope.js';
import { codeOf, fileError, openToAppend } from './own-file.js';
import { rotate } from './rotate.js';

// While the disk or the reader of a pipe is slow, lines are dropped: the memory of the worker is bounded.
const MAX_QUEUED_LINES = 1_000;
const MAX_QUEUED_BYTES = 4 * 1_024 * 1_024;

/** Options of {@link JsonlFile}. */
export interface JsonlFileOptions {
  /** The file, or a pipe or device that exists. */
  readonly path: string;
  /** Above this size the file is renamed to `path.1`, and `path.1` to `path.2`. */
  readonly maxBytes: number;
  /** How many renamed files are kept. 0: the file is never rotated. */
  readonly keep: number;
  /** Numbers the lines. */
  readonly envelopes: MetricsEnvelopes;
  /** Called for each failure. The lines of that write are dropped. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * A file to which lines are appended. No caller waits for it: lines are queued, and if the disk is full or the reader
 * of a pipe is slow, they are dropped and counted. If the file was moved or removed, a new one is created.
 *
 * sonic-boom would replace only the queue: it does not count the lines of a failed write, and the checked opening of
 * the file, the rotation by size and the completion of a torn line would all stay here.
 */
export class JsonlFile {
  /** Lines that were not written. */
  dropped = 0;
  readonly #options: JsonlFileOptions;
  #handle: FileHandle | undefined;
  #queued: string[] = [];
  #queuedBytes = 0;
  #unreported = 0;
  #size = 0;
  // The last write ended within a line.
  #torn = false;
  #flushing: Promise<void> | undefined;

  private constructor(options: JsonlFileOptions) {
    this.#options = options;
  }

  /**
   * Opens or creates the file.
   * @throws OpenRtcError `CONFIG_METRICS_FILE` if the path is not a metrics file of this user.
   */
  static async open(options: JsonlFileOptions): Promise<JsonlFile> {
    const file = new JsonlFile(options);
    try {
      await file.#reopen();
    } catch (error) {
      // A pipe without a reader may get one later.
      if (codeOf(error) !== 'ENXIO') throw fileError(options.path, error);
    }
    return file;
  }

  /** Queues a line. Never throws and never waits. */
  write(entry: MetricsEntry): void {
    if (this.#queued.length >= MAX_QUEUED_LINES || this.#queuedBytes >= MAX_QUEUED_BYTES) {
      this.#countDropped(1);
      return;
    }
    this.#queueOverflow();
    this.#queue(entry);
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    });
  }

  /** Resolves when the queue is empty. */
  async idle(): Promise<void> {
    await this.#flushing;
  }

  /** Writes the queued lines and closes the file. */
  async close(): Promise<void> {
    await this.idle();
    await this.#handle?.close();
    this.#handle = undefined;
  }

  #queue(entry: MetricsEntry): void {
    const line = this.#options.envelopes.line(entry);
    this.#queued.push(line);
    this.#queuedBytes += line.length;
  }

  #countDropped(lines: number): void {
    this.dropped += lines;
    this.#unreported += lines;
  }

  #queueOverflow(): void {
    if (this.#unreported === 0) return;
    const overflowDropped = this.#unreported;
    this.#unreported = 0;
    this.#queue({
      kind: 'event',
      payload: {
        event: 'metrics_stream_overflow',
        timestamp: Date.now(),
        agent: '__openrtc__',
        overflowDropped,
      },
    });
  }

  async #flush(): Promise<void> {
    // Lines of one tick are written together.
    await Promise.resolve();
    while (this.#queued.length > 0) {
      const lines = this.#queued;
      this.#queued = [];
      this.#queuedBytes = 0;
      try {
        await this.#append(lines.join(''));
      } catch (error) {
        this.#countDropped(lines.length);
        await this.#closeHandle();
        this.#options.onFailure(fileError(this.#options.path, error));
      }
    }
  }

  async #append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    await this.#followRename();
    if (this.#size > 0 && this.#size + bytes.length > this.#options.maxBytes) await this.#rotate();
    const handle = this.#handle ?? (await this.#reopen());
    if (this.#torn) await handle.write('\n');
    this.#torn = false;
    let written = 0;
    try {
      while (written < bytes.length)
        written += (await handle.write(bytes, written, bytes.length - written)).bytesWritten;
    } finally {
      this.#size += written;
      this.#torn = written > 0 && written < bytes.length;
    }
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
    const { path, keep } = this.#options;
    if (keep === 0) return;
    await this.#closeHandle();
    this.#torn = false;
    await rotate(path, keep);
  }

  async #reopen(): Promise<FileHandle> {
    const handle = await openToAppend(this.#options.path);
    const stat = await handle.stat();
    this.#handle = handle;
    this.#size = stat.isFile() ? stat.size : 0;
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
