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

import { bundle } from './bundle.js';
import type { Core } from './core.js';
import { type Esbuild, loadEsbuild } from './esbuild.js';

/** Variable that tells processes for calls where the worker's bundles are. */
const BUNDLES = 'OPENRTC_BUNDLES';
const INDEX = 'index.json';

const TYPESCRIPT = /\.m?ts$/;
// The files that core's discover() skips.
const NO_AGENT = /^[._]|^index\.|\.test\.\w+$|\.d\.m?ts$/;

/** Imports modules: JavaScript as it is, TypeScript through a bundle. */
export class SourceImporter {
  /** Why TypeScript could not be compiled at all: one error for all files. */
  compilerError: unknown;
  readonly #core: Core;
  readonly #known: Map<string, string>;
  readonly #inputs = new Set<string>();
  readonly #folders = new Map<string, Promise<void>>();
  #root: Promise<string> | undefined;

  /** @param core - in a process for calls, the bundles of its worker are used again */
  constructor(core: Core) {
    this.#core = core;
    this.#known = core.inCallProcess() ? readIndex(process.env[BUNDLES]) : new Map();
  }

  /** Absolute paths of all source files bundled so far: the files that live reload would watch. */
  get inputs(): readonly string[] {
    return [...this.#inputs];
  }

  /** Imports the file of an agent. The agents beside it are bundled with it: they will be imported next. */
  readonly importAgent = async (url: string): Promise<unknown> => {
    const path = realpathSync(fileURLToPath(url));
    if (TYPESCRIPT.test(path) && !this.#known.has(path)) {
      const folder = dirname(path);
      let together = this.#folders.get(folder);
      if (together === undefined) {
        together = this.#bundle(agentsIn(folder));
        this.#folders.set(folder, together);
      }
      // A file that cannot be bundled must not hide the others: each is then bundled alone and reports its own error.
      await together.catch(() => this.#bundle([path]));
    }
    return this.importModule(path);
  };

  /** Imports a module by its path. */
  async importModule(path: string): Promise<unknown> {
    const real = realpathSync(path);
    if (TYPESCRIPT.test(real) && !this.#known.has(real)) await this.#bundle([real]);
    return import(pathToFileURL(this.#known.get(real) ?? real).href);
  }

  async #bundle(entries: readonly string[]): Promise<void> {
    const esbuild = await this.#compiler(entries[0] ?? '');
    const root = await (this.#root ??= this.#makeRoot());
    // A folder for each build: chunks of two builds may have the same name.
    const folder = await mkdtemp(join(root, 'build-'));
    const { bundles, inputs } = await bundle(esbuild, entries, folder);
    for (const [entry, path] of bundles) if (!this.#known.has(entry)) this.#known.set(entry, path);
    for (const input of inputs) this.#inputs.add(input);
    writeFileSync(join(root, INDEX), JSON.stringify([...this.#known]), { mode: 0o600 });
    process.env[BUNDLES] = root;
  }

  async #compiler(entry: string): Promise<Esbuild> {
    try {
      return await loadEsbuild(dirname(entry), this.#core);
    } catch (error) {
      this.compilerError = error;
      throw error;
    }
  }

  async #makeRoot(): Promise<string> {
    // mkdtemp creates it for this user alone: nobody else can write there.
    const root = realpathSync(await mkdtemp(join(tmpdir(), 'openrtc-')));
    process.on('exit', () => rmSync(root, { recursive: true, force: true }));
    // Stacks then point to the sources.
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

/** The bundles of the worker whose calls this process runs, without those that have been deleted. */
function readIndex(root: string | undefined): Map<string, string> {
  if (root === undefined || !existsSync(join(root, INDEX))) return new Map();
  process.setSourceMapsEnabled(true);
  const known = JSON.parse(readFileSync(join(root, INDEX), 'utf8')) as [string, string][];
  return new Map(known.filter(([, path]) => existsSync(path)));
}
