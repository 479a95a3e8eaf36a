import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { makeTemporaryFolder } from '../temporary-folder.js';
import { bundle, topLevelAwaits } from './bundle.js';
import type { Core } from './core.js';
import { type Esbuild, loadEsbuild } from './esbuild.js';
import type { ModuleImporter } from './module-importer.js';

/** Variable that tells processes for calls where the worker's bundles are. */
const BUNDLES = 'OPENRTC_BUNDLES';
const INDEX = 'index.json';

const COMPILED = /\.(?:[cm]?ts|[jt]sx)$/;

/** Imports modules: JavaScript as it is, TypeScript and JSX through a bundle. */
export class SourceImporter implements ModuleImporter {
  /** Why nothing could be compiled at all: one error for all files. */
  compilerError: unknown;
  readonly #core: Core;
  readonly #known: Map<string, string>;
  readonly #imports = new Map<string, readonly string[]>();
  readonly #folders = new Map<string, Promise<void>>();
  #root: string | undefined;

  /** @param core - in a process for calls, the bundles of its worker are used again */
  constructor(core: Core) {
    this.#core = core;
    this.#known = core.inCallProcess() ? readIndex(process.env[BUNDLES]) : new Map();
  }

  /** Absolute paths of all source files bundled so far: the files that live reload would watch. */
  get inputs(): readonly string[] {
    return [...this.#imports.keys()];
  }

  /** Imports the file of an agent. The agents beside it are bundled with it: they will be imported next. */
  readonly importModule = async (url: string): Promise<unknown> => {
    const path = realpathSync(fileURLToPath(url));
    if (COMPILED.test(path) && !this.#known.has(path)) {
      const folder = dirname(path);
      let together = this.#folders.get(folder);
      if (together === undefined) {
        together = this.#bundle(this.#agentsIn(folder));
        this.#folders.set(folder, together);
      }
      // A file that cannot be bundled must not hide the others: each is then bundled alone and reports its own error.
      await together.catch(() => this.#bundle([path]));
    }
    return this.importPath(path);
  };

  /** The files whose top level the import of a file waits for; the file itself when that is not known. */
  readonly waitedFor = async (path: string): Promise<readonly string[]> => {
    const real = realpathSync(path);
    if (!this.#known.has(real)) return (await this.#core.nativeImporter.waitedFor?.(real)) ?? [];
    const files = await topLevelAwaits(await this.#compiler(real), this.#reachable(real));
    return files.length === 0 ? [path] : files;
  };

  /**
   * Imports a module by its path.
   * @throws an Error that tells where it failed
   */
  async importPath(path: string): Promise<unknown> {
    const real = realpathSync(path);
    if (COMPILED.test(real) && !this.#known.has(real)) await this.#bundle([real]);
    const bundled = this.#known.get(real);
    try {
      return await import(pathToFileURL(bundled ?? real).href);
    } catch (error) {
      const imports = bundled === undefined ? undefined : this.#imports;
      throw await this.#core.explainImport(error, real, imports);
    }
  }

  /** The source files that a module imports, directly or indirectly, and itself. */
  #reachable(path: string): readonly string[] {
    const files = new Set([path]);
    for (const file of files) for (const each of this.#imports.get(file) ?? []) files.add(each);
    return [...files];
  }

  async #bundle(entries: readonly string[]): Promise<void> {
    const esbuild = await this.#compiler(entries[0] ?? '');
    const root = (this.#root ??= this.#makeRoot());
    // A folder for each build: chunks of two builds may have the same name.
    const folder = mkdtempSync(join(root, 'build-'));
    const { bundles, imports } = await bundle(esbuild, entries, folder);
    for (const [entry, path] of bundles) if (!this.#known.has(entry)) this.#known.set(entry, path);
    for (const [input, imported] of imports) this.#imports.set(input, imported);
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

  #makeRoot(): string {
    let root: string;
    try {
      root = makeTemporaryFolder('openrtc-');
    } catch (error) {
      this.compilerError = error;
      throw error;
    }
    process.on('exit', () => rmSync(root, { recursive: true, force: true }));
    // Stacks then point to the sources.
    process.setSourceMapsEnabled(true);
    return root;
  }

  #agentsIn(folder: string): readonly string[] {
    return readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => COMPILED.test(name) && this.#core.isAgentFile(name))
      .map(({ name }) => join(folder, name))
      .filter((path) => existsSync(path))
      .map((path) => realpathSync(path));
  }
}

/** The bundles of the worker whose calls this process runs, without those that have been deleted. */
function readIndex(root: string | undefined): Map<string, string> {
  if (root === undefined || !existsSync(join(root, INDEX))) return new Map();
  process.setSourceMapsEnabled(true);
  const known = JSON.parse(readFileSync(join(root, INDEX), 'utf8')) as [string, string][];
  return new Map(known.filter(([, path]) => existsSync(path)));
}
