import { statSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type MetricsEntry, type MetricsLine, parseMetricsLine } from './metrics-envelope.js';

/** A temporary folder for one test. */
export class TestFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TestFolder> {
    return new TestFolder(await mkdtemp(join(tmpdir(), 'openrtc-test-')));
  }

  of(name: string): string {
    return join(this.path, name);
  }

  /** The valid lines of a metrics file. */
  async lines(name: string): Promise<readonly MetricsLine[]> {
    const text = await readFile(this.of(name), 'utf8');
    return text
      .split('\n')
      .map(parseMetricsLine)
      .filter((line) => line !== undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
    // Node 20 keeps the last status, and while it is that of a pipe, imports of later tests do not follow links.
    statSync(tmpdir());
  }
}

/** An entry that is identified by its job id. */
export function entry(jobId: string): MetricsEntry {
  return {
    kind: 'event',
    payload: {
      event: 'session_started',
      timestamp: 1,
      jobId,
      agent: 'sales',
      tenant: 'default',
      room: 'lobby',
    },
  };
}

/** The job ids of the lines. */
export function jobIds(lines: readonly MetricsLine[]): readonly (string | undefined)[] {
  return lines.map(({ payload }) => ('jobId' in payload ? payload.jobId : undefined));
}
