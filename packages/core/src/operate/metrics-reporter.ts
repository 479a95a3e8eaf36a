import { hostname } from 'node:os';

import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { RuntimeSnapshot } from './runtime-snapshot.js';
import { timeBox } from '../base/time-box.js';
import { JsonFile } from './json-file.js';
import { JsonlFile } from './jsonl-file.js';
import { MetricsEnvelopes } from './metrics-envelope.js';
import type { MetricsStreamEvent } from './metrics-stream.js';

/** Where metrics are written, and how often. */
export interface MetricsFilesOptions {
  /** A file that holds the last snapshot, replaced whole each time. */
  jsonFile?: string;
  /** A file that snapshots and events are appended to, one line each. */
  jsonlFile?: string;
  /** How often, in milliseconds; at least 250. Default: 1 000. */
  intervalMs?: number;
  /** How often for `jsonlFile`. Default: `intervalMs`. */
  jsonlIntervalMs?: number;
  /** Above this size `jsonlFile` is moved to `….1`, that to `….2`. Default: 64. */
  maxFileMb?: number;
  /** How many of those are kept. 0: nothing is moved. Default: 3. */
  keepFiles?: number;
}

/** What the files tell of. */
export interface MetricsSource {
  snapshot(): RuntimeSnapshot;
  takeEvents(): readonly MetricsStreamEvent[];
  /** Looks at what calls use, so that the next snapshot has it. Never rejects. */
  sample(): Promise<void>;
}

const MIB = 1_048_576;
const WARN_EVERY_MS = 60_000;
// A disk that hangs must not hold the exit.
const LAST_WORDS_MS = 2_000;

/** Writes snapshots and events to files while a worker runs. No call ever waits for it. */
export class MetricsReporter implements AsyncDisposable {
  readonly #source: MetricsSource;
  readonly #logger: Logger;
  readonly #timers: NodeJS.Timeout[] = [];
  #json: JsonFile | undefined;
  #jsonl: JsonlFile | undefined;
  #warnedAt = Number.NEGATIVE_INFINITY;
  #looking = false;

  private constructor(source: MetricsSource, logger: Logger) {
    this.#source = source;
    this.#logger = logger;
  }

  /** @throws OpenRtcError `CONFIG_METRICS_FILE` when a file cannot be written; nothing stays open then. */
  static async open(
    options: MetricsFilesOptions,
    source: MetricsSource,
    logger: Logger,
  ): Promise<MetricsReporter> {
    const reporter = new MetricsReporter(source, logger);
    const { intervalMs = 1_000, jsonlIntervalMs = intervalMs } = options;
    const run = `${hostname()}-${process.pid}-${Date.now().toString(36)}`;
    const onFailure = (error: unknown) => reporter.#failed(error);
    if (options.jsonFile !== undefined)
      reporter.#json = await JsonFile.open(options.jsonFile, new MetricsEnvelopes(run), onFailure);
    if (options.jsonlFile !== undefined)
      reporter.#jsonl = await JsonlFile.open({
        path: options.jsonlFile,
        maxBytes: (options.maxFileMb ?? 64) * MIB,
        keep: options.keepFiles ?? 3,
        envelopes: new MetricsEnvelopes(run),
        onFailure,
      });
    if (reporter.#json !== undefined) reporter.#every(intervalMs, () => reporter.#writeJson());
    if (reporter.#jsonl !== undefined)
      reporter.#every(jsonlIntervalMs, () => reporter.#writeJsonl());
    return reporter;
  }

  /** What was lost, by where it should have gone. */
  get dropped(): Readonly<Record<'json' | 'jsonl', number>> {
    return { json: this.#json?.dropped ?? 0, jsonl: this.#jsonl?.dropped ?? 0 };
  }

  /** Writes a last time and closes the files. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const ran = await timeBox(
      LAST_WORDS_MS,
      async () => {
        await this.#json?.idle();
        this.#writeJson();
        this.#writeJsonl();
        await this.#json?.idle();
        await this.#jsonl?.close();
      },
      (error) => this.#failed(error),
    );
    if (ran.kind === 'failed') this.#failed(ran.error);
    if (ran.kind === 'timeout') this.#failed(new Error('the last of them was not written in time'));
  }

  #every(ms: number, write: () => void): void {
    this.#timers.push(setInterval(() => this.#tick(write), ms).unref());
  }

  #tick(write: () => void): void {
    // What was seen at the last look is good enough where a look takes longer than that.
    if (this.#looking) {
      write();
      return;
    }
    this.#looking = true;
    this.#source
      .sample()
      .then(() => {
        this.#looking = false;
        write();
      })
      .catch((error: unknown) => this.#failed(error));
  }

  #writeJson(): void {
    this.#json?.write({ kind: 'snapshot', payload: this.#source.snapshot() });
  }

  #writeJsonl(): void {
    const jsonl = this.#jsonl;
    if (jsonl === undefined) return;
    jsonl.write({ kind: 'snapshot', payload: this.#source.snapshot() });
    for (const payload of this.#source.takeEvents()) jsonl.write({ kind: 'event', payload });
  }

  #failed(error: unknown): void {
    const now = performance.now();
    if (now - this.#warnedAt < WARN_EVERY_MS) return;
    this.#warnedAt = now;
    this.#logger.warn(
      { error, dropped: this.dropped },
      `metrics were not written: ${messageOf(error)} Calls go on; said at most once a minute.`,
    );
  }
}
