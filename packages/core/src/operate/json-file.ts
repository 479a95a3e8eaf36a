import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { MetricsEntry, MetricsEnvelopes } from './metrics-envelope.js';
import { checkReplaceable, fileError, openNew } from './own-file.js';

/**
 * A file that always holds one complete snapshot. Each one is written to a temporary file that is then renamed, so
 * a reader never sees a partial one.
 */
export class JsonFile {
  /** Snapshots that could not be written, or arrived while another one was being written. */
  dropped = 0;
  readonly #path: string;
  readonly #envelopes: MetricsEnvelopes;
  readonly #onFailure: (error: unknown) => void;
  #writing: Promise<void> | undefined;

  private constructor(
    path: string,
    envelopes: MetricsEnvelopes,
    onFailure: (error: unknown) => void,
  ) {
    this.#path = path;
    this.#envelopes = envelopes;
    this.#onFailure = onFailure;
  }

  /**
   * Checks the path; the file is written with the first snapshot.
   * @throws OpenRtcError `CONFIG_METRICS_FILE` if something else exists at the path.
   */
  static async open(
    path: string,
    envelopes: MetricsEnvelopes,
    onFailure: (error: unknown) => void,
  ): Promise<JsonFile> {
    try {
      await mkdir(dirname(path), { recursive: true });
      await checkReplaceable(path);
    } catch (error) {
      throw fileError(path, error);
    }
    return new JsonFile(path, envelopes, onFailure);
  }

  /** Replaces the content. Never throws and never waits: entries that arrive too fast are dropped. */
  write(entry: MetricsEntry): void {
    if (this.#writing !== undefined) {
      this.dropped += 1;
      return;
    }
    this.#writing = this.#replace(this.#envelopes.line(entry))
      .catch((error: unknown) => {
        this.dropped += 1;
        this.#onFailure(fileError(this.#path, error));
      })
      .finally(() => {
        this.#writing = undefined;
      });
  }

  /** Resolves when no write is in progress. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  async #replace(text: string): Promise<void> {
    const temporary = `${this.#path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
    const handle = await openNew(temporary);
    try {
      try {
        await handle.writeFile(text);
      } finally {
        await handle.close();
      }
      await rename(temporary, this.#path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }
}
