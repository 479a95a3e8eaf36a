import { PassThrough, Writable } from 'node:stream';

import type { Host } from './host.js';

/** A host that keeps its output. */
export interface MemoryHost extends Host {
  readonly stdin: PassThrough;
  readonly out: () => string;
  readonly err: () => string;
}

/** A host without a terminal. */
export function memoryHost(env: NodeJS.ProcessEnv = {}): MemoryHost {
  const [stdin, stdout, stderr] = [new PassThrough(), new MemoryStream(), new MemoryStream()];
  return { env, stdin, stdout, stderr, out: () => stdout.text, err: () => stderr.text };
}

class MemoryStream extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
