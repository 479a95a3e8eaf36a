import { RecordLog } from '@openrtc/test-rig';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const KEPT_LINES = 200;

/** A line of the log that says how a call was routed. */
interface Accepted {
  jobId: string;
  by: string;
}

/** What the worker writes: kept out of the way, and read for what no event tells. */
export class WorkerLog {
  readonly #lines: string[] = [];
  readonly #accepted = new RecordLog<Accepted>();

  constructor(streams: readonly (Readable | null)[], file?: string) {
    for (const input of streams) {
      if (input === null) continue;
      createInterface({ input }).on('line', (line) => {
        if (file !== undefined) appendFileSync(file, `${line}\n`);
        this.#take(line);
      });
    }
  }

  /** The last lines. */
  tail(count: number): readonly string[] {
    return this.#lines.slice(-count);
  }

  /** The routing rule that chose the agent of a call, as the pool logged it when it took the call. */
  async routedBy(jobId: string): Promise<string> {
    const fits = (line: Accepted) => line.jobId === jobId;
    return (
      await this.#accepted.waitFor(fits, { what: `how ${jobId} was routed`, timeoutMs: 5_000 })
    ).by;
  }

  #take(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    if (!line.includes('"accepted a call"')) return;
    const { jobId, by } = JSON.parse(line) as Accepted;
    this.#accepted.append({ jobId, by });
  }
}
