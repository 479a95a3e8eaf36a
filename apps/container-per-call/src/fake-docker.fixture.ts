import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const app = new URL('..', import.meta.url);

/** A `docker` that runs plain processes, see fixtures/docker.mjs, and the environment it wants. */
export class FakeDocker implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'fake-docker-'));
  readonly #containers = join(this.#folder, 'containers');
  readonly env = {
    APP: app.href,
    CONTAINERS: this.#containers,
    IMAGES: JSON.stringify({
      'openrtc-calls': new URL('dist/main.js', app),
      conformance: new URL('src/fixtures/conformance-entry.mjs', app),
    }),
    PATH: `${this.#folder}:${process.env['PATH']}`,
  };

  constructor() {
    mkdirSync(this.#containers);
    const program = fileURLToPath(new URL('src/fixtures/docker.mjs', app));
    symlinkSync(program, join(this.#folder, 'docker'));
  }

  /** The containers that run. */
  get names(): readonly string[] {
    return readdirSync(this.#containers);
  }

  killAll(): void {
    for (const name of this.names)
      process.kill(Number(readFileSync(join(this.#containers, name), 'utf8')), 'SIGKILL');
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}
