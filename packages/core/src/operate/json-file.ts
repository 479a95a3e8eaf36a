import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { MetricsEntry, MetricsEnvelopes } from './metrics-envelope.js';
import { checkReplaceable, fileError, openNew } from './own-file.js';

/**
 * A file that always holds one whole snapshot: written beside it and renamed over it, so that a reader never sees
 * half of one.
 */
export class JsonFile {
  /** What could not be written, or came while the one before was being written. */
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

  /** @throws OpenRtcError `CONFIG_METRICS_FILE` when something stands there that is not ours to replace. */
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

  /** Replaces what is there. Never throws and never waits: what comes too fast is dropped. */
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

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  async #replace(text: string): Promise<void> {
    const beside = `${this.#path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
    const handle = await openNew(beside);
    try {
      try {
        await handle.writeFile(text);
      } finally {
        await handle.close();
      }
      await rename(beside, this.#path);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
  }
}
