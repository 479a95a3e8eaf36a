import {
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import type { Bundled } from './bundle.js';

/** Tells processes of calls where the worker's bundles are. */
const BUNDLES = 'OPENRTC_BUNDLES';
const INDEX = 'index.json';

const TYPESCRIPT = /\.m?ts$/;
// What core's discover() takes for no agent, and does not ask for.
const NO_AGENT = /^[._]|^index\.|\.test\.\w+$|\.d\.m?ts$/;

/** Imports modules: JavaScript as it is, TypeScript bundled. */
export class SourceImporter {
  readonly #known: Map<string, string>;
  readonly #inputs = new Set<string>();
  readonly #folders = new Map<string, Promise<void>>();
  #root: Promise<string> | undefined;

  /** @param options - `ofWorker`: in a process of calls, what its worker has bundled is used */
  constructor({ ofWorker }: { readonly ofWorker: boolean }) {
    this.#known = ofWorker ? readIndex(process.env[BUNDLES]) : new Map();
  }

  /** Every source file that was bundled so far: what code that reloads would watch. */
  get inputs(): readonly string[] {
    return [...this.#inputs];
  }

  /** Imports the file of an agent; those beside it are bundled with it, for they will be asked for as well. */
  readonly importAgent = async (url: string): Promise<unknown> => {
    const path = realpathSync(fileURLToPath(url));
    if (TYPESCRIPT.test(path) && !this.#known.has(path)) {
      const folder = dirname(path);
      let together = this.#folders.get(folder);
      if (together === undefined) {
        together = this.#bundle(agentsIn(folder));
        this.#folders.set(folder, together);
      }
      // One that cannot be bundled must not keep the others from being heard: each is tried alone, and says
      // for itself what is wrong.
      await together.catch(() => this.#bundle([path]));
    }
    return this.importModule(path);
  };

  /** Imports any module by its path. */
  async importModule(path: string): Promise<unknown> {
    const real = realpathSync(path);
    if (TYPESCRIPT.test(real) && !this.#known.has(real)) await this.#bundle([real]);
    return import(pathToFileURL(this.#known.get(real) ?? real).href);
  }

  async #bundle(entries: readonly string[]): Promise<void> {
    const root = await (this.#root ??= this.#makeRoot());
    // Each build in a folder of its own: pieces of two builds may have one name.
    const folder = await mkdtemp(join(root, 'build-'));
    // Only here: most of what the command does needs no compiler.
    const { bundle } = await import('./bundle.js');
    const { bundles, inputs }: Bundled = await bundle(entries, folder);
    for (const [entry, path] of bundles) if (!this.#known.has(entry)) this.#known.set(entry, path);
    for (const input of inputs) this.#inputs.add(input);
    writeFileSync(join(root, INDEX), JSON.stringify([...this.#known]), { mode: 0o600 });
    process.env[BUNDLES] = root;
  }

  async #makeRoot(): Promise<string> {
    // Nobody else can write there: mkdtemp makes it for this user alone.
    const root = realpathSync(await mkdtemp(join(tmpdir(), 'openrtc-')));
    process.on('exit', () => rmSync(root, { recursive: true, force: true }));
    // Errors then point to the sources.
    process.setSourceMapsEnabled(true);
    return root;
  }
}

function agentsIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => TYPESCRIPT.test(name) && !NO_AGENT.test(name))
    .map(({ name }) => join(folder, name))
    .filter((path) => existsSync(path))
    .map((path) => realpathSync(path));
}

/** The bundles of the worker whose calls this process runs. Those that are gone are made anew. */
function readIndex(root: string | undefined): Map<string, string> {
  if (root === undefined || !existsSync(join(root, INDEX))) return new Map();
  process.setSourceMapsEnabled(true);
  const known = JSON.parse(readFileSync(join(root, INDEX), 'utf8')) as [string, string][];
  return new Map(known.filter(([, path]) => existsSync(path)));
}
