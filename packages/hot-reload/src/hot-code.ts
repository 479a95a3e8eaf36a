import type {
  AgentImporter,
  AgentPlace,
  CodeLoader,
  CompiledCode,
  FoundAgents,
  LoadedCode,
} from '@openrtc/core/host';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { CodeFiles, pathIn, readCode } from './code-files.js';
import { CodeInUse, codeOfWorker } from './code-in-use.js';
import { importInTime } from './import-in-time.js';
import { type Compiler, GraphCompiler } from './modules/compile-graph.js';
import type { CompiledModule, ModuleGraph } from './modules/compiled-module.js';
import { keepModules, saltModules } from './modules/keep-modules.js';
import { exportsOf } from './modules/exports-of.js';
import { ModuleRunner, type Namespace } from './modules/module-runner.js';
import { poolModules } from './modules/pool-modules.js';

type AgentClass = Parameters<LoadedCode['successor']>[0];

/** Options of {@link HotCode}. */
export interface HotCodeOptions {
  /** Compiles the files. */
  readonly compiler: Compiler;
  /** A folder that only this user can read. Compiled code is written to it. */
  readonly folder: string;
  /** The agent files in the folder of an agent file, as they are now. */
  readonly agentsBeside: (path: string) => readonly string[];
  /** Whether this is a process for calls: it has the code and the agents that its worker uses. Default: false */
  readonly ofWorker?: boolean;
  /** Adds to the error of an import where it failed. `path`: of the file that was imported. Default: it stays as it is. */
  readonly explain?: (error: unknown, path: string) => Promise<unknown>;
}

/**
 * The local files of a pool's agents: imports them, and reloads them. In a process for calls it begins with the code
 * that its worker uses.
 */
export class HotCode implements AgentImporter, CodeLoader {
  /** This object: pools find the loader of their agents here. */
  readonly loader: CodeLoader = this;
  readonly #options: HotCodeOptions;
  readonly #compiler: GraphCompiler;
  /** Files that were asked for by their paths. */
  readonly #entries = new Set<string>();
  /** Modules that run the pool: nobody runs them a second time. */
  readonly #once = new Set<string>();
  /** Agents that are the only one of their pool: those beside them are not. */
  readonly #alone = new Set<string>();
  /** Where each class stands in the local files. */
  readonly #places = new WeakMap<object, { readonly path: string; readonly name: string }>();
  #runner: ModuleRunner | undefined;
  readonly #files: CodeFiles;
  /** Undefined in a process for calls: it starts none. */
  readonly #inUse: CodeInUse | undefined;
  readonly #ofWorker: ReturnType<typeof codeOfWorker> | undefined;
  #salt = '';

  constructor(options: HotCodeOptions) {
    this.#options = options;
    this.#compiler = new GraphCompiler(options.compiler);
    this.#files = new CodeFiles(options.folder);
    this.#inUse = options.ofWorker === true ? undefined : new CodeInUse(options.folder);
    this.#ofWorker = options.ofWorker === true ? codeOfWorker() : undefined;
    if (this.#ofWorker !== undefined) this.#runner = this.#runnerOf(this.#ofWorker.graph, 0);
  }

  /** Absolute paths of all local files in use. */
  get files(): readonly string[] {
    return [...(this.#runner?.graph.keys() ?? [])];
  }

  /** Absolute paths that local files import and that were not found, as the imports name them. */
  get missing(): readonly string[] {
    return this.#compiler.missing;
  }

  /** The local files that each local file imports, by their absolute paths. */
  get imports(): ReadonlyMap<string, readonly string[]> {
    const modules = [...(this.#runner?.graph.values() ?? [])];
    return new Map(modules.map(({ path, imports }) => [path, imports]));
  }

  /** Imports the file of an agent. */
  readonly importModule = async (url: string): Promise<unknown> => {
    const path = pathIn(this.#runner?.graph, fileURLToPath(url));
    // A module that was asked to run a pool, and is an agent.
    if (this.#once.delete(path)) this.#alone.add(path);
    return this.#importFirst(path);
  };

  /** Imports a module that runs a pool, and is not run again when it changes. */
  async importOnce(path: string): Promise<unknown> {
    const real = pathIn(this.#runner?.graph, path);
    this.#once.add(real);
    return this.#importFirst(real);
  }

  /** In a process for calls, the agents that its worker has found in a directory or file. */
  readonly foundByWorker = (path: string): readonly AgentPlace[] | undefined =>
    this.#ofWorker?.found.get(path);

  /** Told which agents were found in a directory or file. */
  readonly onFound = (path: string, agents: readonly AgentPlace[]): void => {
    this.#inUse?.add(path, agents);
  };

  /** The files whose top level waits for something. */
  readonly waitedFor = async (path: string): Promise<readonly string[]> => {
    const waiting = this.#runner?.waiting ?? [];
    return waiting.length === 0 ? [path] : waiting;
  };

  /** Evaluates all files again at the next reload, as if each had changed: what they read has changed. */
  startOver(): void {
    this.#salt = String(this.#files.written);
  }

  /** Compiles the files of the agents as they are now, those that are new included. */
  async compile(): Promise<CompiledCode> {
    const compiled = await this.#compiler.compile(this.#entryFiles());
    const now = saltModules(compiled, this.#salt, this.#once);
    const before = this.#runner?.graph ?? new Map<string, CompiledModule>();
    const differing = [...now.values()]
      .filter(({ path, hash }) => before.get(path)?.hash !== hash)
      .map(({ path }) => path);
    // What runs the pool is not run again. Calls go on with agents whose files are gone, and new ones get them too.
    const gone = [...this.#entries].filter((path) => !now.has(path));
    const graph = keepModules(now, before, [...this.#once, ...gone]);
    return {
      code: this.#files.write(graph),
      changed: differing.filter((path) => !this.#once.has(path)),
      needRestart: differing.filter((path) => this.#once.has(path)),
    };
  }

  /** Imports the modules of compiled code that have changed; they are used when the result's `use()` is called. */
  async load(code: string, generation: number): Promise<LoadedCode> {
    const graph = readCode(code);
    const runner = this.#runnerOf(graph, generation);
    // The import of a module that waits for its pool's run() has not ended yet.
    if (this.#runner !== undefined) this.#remember(this.#runner);
    // All that were imported before: agents that take over may be in any of them.
    const known = this.#runner?.evaluated.map(([path]) => path) ?? [];
    await importInTime(runner, async () => {
      // Calls are served between two of them.
      for (const path of new Set([...this.#entries, ...known]))
        if (graph.has(path) && !this.#once.has(path))
          await this.#import(path, runner).then(nextTick);
    });
    this.#remember(runner);
    return {
      importModule: async (url) => {
        const path = pathIn(graph, fileURLToPath(url));
        if (!graph.has(path))
          throw new Error(
            `${path} is not among the files that were compiled: it is newer, and the next reload has it; or the directory of the agents is behind a symbolic link that has changed, which needs a restart`,
          );
        const exports = await this.#import(path, runner);
        this.#remember(runner);
        return exports;
      },
      successor: (agentClass) => this.#successor(agentClass, runner),
      use: (found) => {
        this.#runner = runner;
        if (found !== undefined) this.#agentsNow(found);
        this.#inUse?.use(code);
        this.#files.forgetBefore(code);
      },
    };
  }

  /** Files of agents that nobody has any more need not be kept. */
  #agentsNow(found: FoundAgents): void {
    this.#inUse?.found(found);
    this.#entries.clear();
    for (const path of this.#inUse?.files ?? []) this.#entries.add(path);
  }

  async #importFirst(path: string): Promise<Namespace> {
    if (!this.#once.has(path)) this.#entries.add(path);
    let runner = this.#runner;
    if (runner?.graph.has(path) !== true) {
      if (this.#ofWorker !== undefined)
        throw new Error(`${path} is not part of the code that the worker uses`);
      // A file that cannot be compiled must not hide the others: each then reports its own mistakes.
      const now = await this.#compiler
        .compile([path, ...this.#entryFiles()])
        .catch(() => this.#compiler.compile([path]));
      const graph = new Map([...(runner?.graph ?? []), ...now]);
      this.#inUse?.use(this.#files.write(graph));
      runner = this.#runnerOf(graph, 0);
      this.#runner = runner;
    }
    if (this.#once.has(path))
      for (const each of poolModules(runner.graph, path)) this.#once.add(each);
    const exports = await runner.import(path);
    this.#remember(runner);
    return exports;
  }

  async #import(path: string, runner: ModuleRunner): Promise<Namespace> {
    try {
      return await runner.import(path);
    } catch (error) {
      const { explain } = this.#options;
      throw explain === undefined ? error : await explain(error, path);
    }
  }

  #runnerOf(graph: ModuleGraph, generation: number): ModuleRunner {
    // What runs the pool sees the code in use: its factories construct the agents of that.
    return new ModuleRunner(
      graph,
      generation,
      this.#runner,
      this.#once,
      (importer, path, exports) => (this.#once.has(importer) ? this.#live(path, exports) : exports),
    );
  }

  /** The exports of a module in the code that is in use. */
  #live(path: string, first: Namespace): Namespace {
    const now = (): Namespace => this.#runner?.exportsOf(path) ?? first;
    return new Proxy(first, {
      get: (_first, name) => Reflect.get(now(), name) as unknown,
      has: (_first, name) => Reflect.has(now(), name),
    });
  }

  /** The entries, and the agents beside them, without those that are gone. */
  #entryFiles(): readonly string[] {
    const files = new Set(this.#once);
    for (const path of this.#entries) {
      files.add(path);
      if (this.#alone.has(path) || !existsSync(dirname(path))) continue;
      for (const beside of this.#options.agentsBeside(path)) files.add(beside);
    }
    return [...files].filter((path) => existsSync(path));
  }

  #remember(runner: ModuleRunner): void {
    for (const [path, exports] of runner.evaluated)
      for (const [name, value] of exportsOf(exports))
        if (typeof value === 'function' && !this.#places.has(value))
          this.#places.set(value, { path, name });
  }

  #successor(agentClass: AgentClass, runner: ModuleRunner): AgentClass | undefined {
    const place = this.#places.get(agentClass);
    if (place === undefined) return undefined;
    const found = runner.exportsOf(place.path)?.[place.name];
    return typeof found === 'function' ? (found as AgentClass) : undefined;
  }
}
