import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type MetricsEntry, type MetricsLine, parseMetricsLine } from './metrics-envelope.js';

/** A folder of its own for one test. */
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

  /** The lines of a metrics file that are ours. */
  async lines(name: string): Promise<readonly MetricsLine[]> {
    const text = await readFile(this.of(name), 'utf8');
    return text
      .split('\n')
      .map(parseMetricsLine)
      .filter((line) => line !== undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** An entry that can be told from others. */
export function entry(jobId: string): MetricsEntry {
  return {
    kind: 'event',
    payload: { event: 'session_started', timestamp: 1, jobId, agent: 'sales', tenant: 'default' },
  };
}

/** The calls that lines tell of. */
export function jobIds(lines: readonly MetricsLine[]): readonly (string | undefined)[] {
  return lines.map(({ payload }) => ('jobId' in payload ? payload.jobId : undefined));
}
