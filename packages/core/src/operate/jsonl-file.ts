import { AppendedFile, type AppendedFileOptions } from './appended-file.js';
import type { MetricsEntry, MetricsEnvelopes } from './metrics-envelope.js';
import { metricsFile } from './own-file.js';

// While the disk or the reader of a pipe is slow, lines are dropped: the memory of the worker is bounded.
const MAX_QUEUED_LINES = 1_000;
const MAX_QUEUED_BYTES = 4 * 1_024 * 1_024;

/** Options of {@link JsonlFile}. */
export interface JsonlFileOptions extends Pick<
  AppendedFileOptions,
  'path' | 'maxBytes' | 'keep' | 'onFailure'
> {
  /** Numbers the lines. */
  readonly envelopes: MetricsEnvelopes;
  /** Called for each failure. The lines that were not written are dropped. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * A file of metrics to which lines are appended. No caller waits for it: lines are queued, and if the disk is full or the
 * reader of a pipe is slow, they are dropped and counted.
 *
 * sonic-boom would replace only the queue: it does not count the lines of a failed write, and what {@link AppendedFile}
 * does would stay: the checked opening of the file, the rotation by size and the completion of a torn line.
 */
export class JsonlFile {
  /** Lines that were not written. */
  dropped = 0;
  readonly #options: JsonlFileOptions;
  readonly #file: AppendedFile;
  #queued: string[] = [];
  #queuedBytes = 0;
  #unreported = 0;
  #flushing: Promise<void> | undefined;

  private constructor(options: JsonlFileOptions, file: AppendedFile) {
    this.#options = options;
    this.#file = file;
  }

  /**
   * Opens or creates the file.
   * @throws OpenRtcError `CONFIG_METRICS_FILE` if the path is not a metrics file of this user.
   */
  static async open(options: JsonlFileOptions): Promise<JsonlFile> {
    return new JsonlFile(options, await AppendedFile.open({ ...options, kind: metricsFile }));
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
    await this.#file.close();
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
      const { written, error } = await this.#file.append(lines);
      if (error === undefined) continue;
      this.#countDropped(lines.length - written);
      this.#options.onFailure(error);
    }
  }
}
