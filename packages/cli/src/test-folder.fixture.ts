import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A temporary folder for one test. */
export class TestFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<TestFolder> {
    return new TestFolder(await mkdtemp(join(tmpdir(), 'openrtc-test-')));
  }

  /** Absolute path of a file or folder in it. */
  of(name: string): string {
    return join(this.path, name);
  }

  /** Writes a file, and creates its folder; resolves with its absolute path. */
  async write(name: string, text: string): Promise<string> {
    const path = this.of(name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    return path;
  }

  async append(name: string, text: string): Promise<void> {
    await appendFile(this.of(name), text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
