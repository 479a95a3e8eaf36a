import { AsyncResource } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { RuntimeSnapshot } from './runtime-snapshot.js';
import { timeBox } from '../base/time-box.js';
import { JsonFile } from './json-file.js';
import { JsonlFile } from './jsonl-file.js';
import { MetricsEnvelopes } from './metrics-envelope.js';
import type { MetricsStreamEvent } from './metrics-stream.js';

/** The files that metrics are written to, and how often. */
export interface MetricsFilesOptions {
  /** Path of a file that holds the last snapshot as JSON; it is replaced each time. Default: no file. */
  jsonFile?: string;
  /** Path of a file to which snapshots and events are appended, one line each. Default: no file. */
  jsonlFile?: string;
  /** Time between two snapshots in milliseconds, at least 250. Default: 1 000. */
  intervalMs?: number;
  /** Time between two snapshots in `jsonlFile`, in milliseconds. Default: `intervalMs`. */
  jsonlIntervalMs?: number;
  /** Size in MiB above which `jsonlFile` is renamed to `….1`, and that file to `….2`. Default: 64. */
  maxFileMb?: number;
  /** How many renamed files are kept. 0: no rotation. Default: 3. */
  keepFiles?: number;
}

/** The data that is written. */
export interface MetricsSource {
  /** The current snapshot of the pool. */
  snapshot(): RuntimeSnapshot;
  /** The events since the last time. */
  takeEvents(): readonly MetricsStreamEvent[];
  /** Measures the resources of calls, so that the next snapshot has them. Never rejects. */
  sample(): Promise<void>;
}

const MIB = 1_048_576;
const WARN_EVERY_MS = 60_000;
// A disk that hangs must not delay the exit.
const CLOSE_TIMEOUT_MS = 2_000;

/** Writes snapshots and events to files while a worker runs. No call waits for it. */
export class MetricsReporter implements AsyncDisposable {
  readonly #source: MetricsSource;
  readonly #logger: Logger;
  readonly #timers: NodeJS.Timeout[] = [];
  #json: JsonFile | undefined;
  #jsonl: JsonlFile | undefined;
  #warnedAt = Number.NEGATIVE_INFINITY;
  #sampling = false;
  /**
   * Writes the events that wait. A write that hangs must keep no call in memory: it belongs to the context of the worker,
   * not to that of the call whose event it is.
   */
  readonly writeEvents = AsyncResource.bind(() => this.#writeEvents());

  private constructor(source: MetricsSource, logger: Logger) {
    this.#source = source;
    this.#logger = logger;
  }

  /**
   * Opens the files and starts the timers.
   * @throws OpenRtcError `CONFIG_METRICS_FILE` if a file cannot be written; nothing stays open in that case.
   */
  static async open(
    options: MetricsFilesOptions,
    source: MetricsSource,
    logger: Logger,
  ): Promise<MetricsReporter> {
    const reporter = new MetricsReporter(source, logger);
    const { intervalMs = 1_000, jsonlIntervalMs = intervalMs } = options;
    // Of two containers with one host name, started in the same moment, the process ids are the same too.
    const unique = `${Date.now().toString(36)}${randomBytes(3).toString('hex')}`;
    const run = `${hostname()}-${process.pid}-${unique}`;
    const onFailure = (error: unknown) => reporter.#failed(error);
    if (options.jsonFile !== undefined)
      // It numbers its lines itself: two lines of one worker must not have one number.
      reporter.#json = await JsonFile.open(
        options.jsonFile,
        new MetricsEnvelopes(`${run}-json`),
        onFailure,
      );
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

  /** How many entries were dropped, by file. */
  get dropped(): Readonly<Record<'json' | 'jsonl', number>> {
    return { json: this.#json?.dropped ?? 0, jsonl: this.#jsonl?.dropped ?? 0 };
  }

  /** Writes a last time, 2 s at most, and closes the files. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const ran = await timeBox(
      CLOSE_TIMEOUT_MS,
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
    if (ran.kind === 'timeout')
      this.#failed(new Error('the last entries were not written in time.'));
  }

  #every(ms: number, write: () => void): void {
    this.#timers.push(setInterval(() => this.#tick(write), ms).unref());
  }

  #tick(write: () => void): void {
    // While a measurement is in progress, the last one is good enough.
    if (this.#sampling) {
      write();
      return;
    }
    this.#sampling = true;
    this.#source
      .sample()
      .then(() => {
        this.#sampling = false;
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
    this.#writeEvents();
  }

  #writeEvents(): void {
    const jsonl = this.#jsonl;
    if (jsonl === undefined) return;
    for (const payload of this.#source.takeEvents()) jsonl.write({ kind: 'event', payload });
  }

  #failed(error: unknown): void {
    const now = performance.now();
    if (now - this.#warnedAt < WARN_EVERY_MS) return;
    this.#warnedAt = now;
    this.#logger.warn(
      { error, dropped: this.dropped },
      `metrics were not written: ${messageOf(error)} Calls are not affected. This is logged at most once a minute.`,
    );
  }
}
