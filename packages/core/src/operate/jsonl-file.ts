import type { FileHandle } from 'node:fs/promises';
import { lstat } from 'node:fs/promises';

import type { MetricsEntry, MetricsEnvelopes } from './metrics-envelope.js';
import { codeOf, fileError, openToAppend } from './own-file.js';
import { rotate } from './rotate.js';

// A reader that is away for a while misses lines, not the worker its memory.
const MOST_WAITING = 1_000;
const MOST_WAITING_BYTES = 4 * 1_024 * 1_024;

export interface JsonlFileOptions {
  readonly path: string;
  /** Above this the file is moved to `path.1`, and that to `path.2`. */
  readonly maxBytes: number;
  /** How many of those stay. 0: the file is only ever appended to. */
  readonly keep: number;
  readonly envelopes: MetricsEnvelopes;
  /** Told of each failure; lines are lost then. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * A file that lines are appended to. Nobody waits for it: lines are queued, and when the disk is full or the other
 * end of a pipe does not read, they are dropped and counted. A file that was moved or removed is made anew.
 */
export class JsonlFile {
  /** Lines that were lost. */
  dropped = 0;
  readonly #options: JsonlFileOptions;
  #handle: FileHandle | undefined;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #untold = 0;
  #size = 0;
  // The last write ended in the middle of a line.
  #torn = false;
  #flushing: Promise<void> | undefined;

  private constructor(options: JsonlFileOptions) {
    this.#options = options;
  }

  /** @throws OpenRtcError `CONFIG_METRICS_FILE` when what is there is not ours. */
  static async open(options: JsonlFileOptions): Promise<JsonlFile> {
    const file = new JsonlFile(options);
    try {
      await file.#reopen();
    } catch (error) {
      // A pipe that nobody reads yet may be read later.
      if (codeOf(error) !== 'ENXIO') throw fileError(options.path, error);
    }
    return file;
  }

  /** Queues a line. Never throws and never waits. */
  write(entry: MetricsEntry): void {
    if (this.#waiting.length >= MOST_WAITING || this.#waitingBytes >= MOST_WAITING_BYTES) {
      this.#lose(1);
      return;
    }
    this.#tellOfLost();
    this.#queue(entry);
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    });
  }

  /** Resolves when nothing waits to be written. */
  async idle(): Promise<void> {
    await this.#flushing;
  }

  /** Writes what waits and closes the file. */
  async close(): Promise<void> {
    await this.idle();
    await this.#handle?.close();
    this.#handle = undefined;
  }

  #queue(entry: MetricsEntry): void {
    const line = this.#options.envelopes.line(entry);
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
  }

  #lose(lines: number): void {
    this.dropped += lines;
    this.#untold += lines;
  }

  #tellOfLost(): void {
    if (this.#untold === 0) return;
    const overflowDropped = this.#untold;
    this.#untold = 0;
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
    // What is written in this tick goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      try {
        await this.#append(lines.join(''));
      } catch (error) {
        this.#lose(lines.length);
        await this.#giveUp();
        this.#options.onFailure(fileError(this.#options.path, error));
      }
    }
  }

  async #append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    await this.#follow();
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

  /** Whoever rotates logs has moved the file: go on in a new one under its name. */
  async #follow(): Promise<void> {
    if (this.#handle === undefined) return;
    const mine = await this.#handle.stat();
    if (!mine.isFile()) return;
    this.#size = mine.size;
    const there = await lstat(this.#options.path).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (there?.ino === mine.ino && there.dev === mine.dev) return;
    await this.#giveUp();
    this.#torn = false;
  }

  async #rotate(): Promise<void> {
    const { path, keep } = this.#options;
    if (keep === 0) return;
    await this.#giveUp();
    this.#torn = false;
    await rotate(path, keep);
  }

  async #reopen(): Promise<FileHandle> {
    const handle = await openToAppend(this.#options.path);
    const stat = await handle.stat();
    this.#handle = handle;
    this.#size = stat.isFile() ? stat.size : 0;
    // A worker that died while it wrote has left half of a line.
    this.#torn ||= this.#size > 0;
    return handle;
  }

  async #giveUp(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(this.#options.onFailure);
  }
}
