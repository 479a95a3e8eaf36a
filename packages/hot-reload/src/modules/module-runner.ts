import Module, { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';

import { changedFiles } from './changed-files.js';
import type { CompiledModule, ModuleGraph } from './compiled-module.js';

// Since Node 22, the cache of compiled scripts keeps each state that a file ever had.
setFlagsFromString('--no-compilation-cache');

/** The exports of a module, as `import * as` sees them. */
export type Namespace = Readonly<Record<string, unknown>>;

/** One evaluation of a module. */
interface Evaluation {
  readonly exports: Namespace;
  /** Settles when its top level has run. Undefined before that has begun. */
  done: Promise<void> | undefined;
}

// What the compiled code calls: the convention of Vite's module runner, which the compiler of `compile-graph.ts` knows.
const NAMES = [
  '__vite_ssr_import__',
  '__vite_ssr_dynamic_import__',
  '__vite_ssr_exports__',
  '__vite_ssr_exportAll__',
  '__vite_ssr_import_meta__',
  'require',
  '__filename',
  '__dirname',
] as const;

/** The names that a module imports of another one. */
interface ImportedNames {
  readonly importedNames?: readonly string[];
}

/** What a module sees of another one that it imports. */
export type SeenBy = (importer: string, path: string, exports: Namespace) => Namespace;

type Body = (...values: unknown[]) => Promise<void>;

/**
 * The local files in one state, as modules. What has not changed since the state before, and imports nothing that has,
 * is not evaluated again: a pool of database connections stays as it is. Nothing enters Node's own module cache, so
 * code that nobody uses any more is freed.
 */
export class ModuleRunner {
  readonly #graph: ModuleGraph;
  readonly #generation: number;
  readonly #waiting = new Set<string>();
  readonly #evaluations: Map<string, Evaluation>;
  readonly #seenBy: SeenBy;

  /**
   * @param generation - the number of this state; it is in the names of the scripts, so that each keeps its source map
   * @param before - the state before, if there is one
   * @param once - modules that are not evaluated again, whatever changes
   * @param seenBy - what a module sees of another one that it imports. Default: its exports
   */
  constructor(
    graph: ModuleGraph,
    generation: number,
    before?: ModuleRunner,
    once: ReadonlySet<string> = new Set(),
    seenBy: SeenBy = (_importer, _path, exports) => exports,
  ) {
    this.#graph = graph;
    this.#generation = generation;
    this.#seenBy = seenBy;
    this.#evaluations = new Map();
    if (before === undefined) return;
    const changed = changedFiles(graph, before.#graph, once);
    for (const [path, evaluation] of before.#evaluations)
      if (graph.has(path) && !changed.has(path)) this.#evaluations.set(path, evaluation);
  }

  /** The local files of this state. */
  get graph(): ModuleGraph {
    return this.#graph;
  }

  /** The modules that are or were evaluated, with their exports. */
  get evaluated(): readonly (readonly [path: string, exports: Namespace])[] {
    return [...this.#evaluations].map(([path, { exports }]) => [path, exports]);
  }

  /** Absolute paths of the modules whose top level has begun and is not done. */
  get waiting(): readonly string[] {
    return [...this.#waiting];
  }

  /** The exports of a module that has been evaluated; undefined for another. */
  exportsOf(path: string): Namespace | undefined {
    return this.#evaluations.get(path)?.exports;
  }

  /**
   * Evaluates a module, after those that it imports.
   * @throws what the top level of one of them throws
   */
  async import(path: string): Promise<Namespace> {
    for (const each of this.#inOrder(path)) await this.#evaluate(each);
    return this.#evaluation(path).exports;
  }

  /** A module and those it imports, each after its own imports; of a circle, the one that was reached first comes last. */
  #inOrder(entry: string): readonly string[] {
    const order: string[] = [];
    const seen = new Set<string>();
    const visit = (path: string): void => {
      if (seen.has(path)) return;
      seen.add(path);
      for (const each of this.#module(path).imports) visit(each);
      order.push(path);
    };
    visit(entry);
    return order;
  }

  #module(path: string): CompiledModule {
    const module = this.#graph.get(path);
    if (module === undefined) throw new Error(`${path} was not compiled`);
    return module;
  }

  /** The evaluation of a module. In a circle of imports its exports are needed before it has run. */
  #evaluation(path: string): Evaluation {
    const known = this.#evaluations.get(path);
    if (known !== undefined) return known;
    const exports = Object.create(null, { [Symbol.toStringTag]: { value: 'Module' } }) as Namespace;
    const made = { exports, done: undefined };
    this.#evaluations.set(path, made);
    return made;
  }

  #evaluate(path: string): Promise<void> {
    const evaluation = this.#evaluation(path);
    evaluation.done ??= this.#run(this.#module(path), evaluation.exports);
    return evaluation.done;
  }

  async #run(module: CompiledModule, exports: Namespace): Promise<void> {
    const { path } = module;
    const url = pathToFileURL(path).href;
    const require = createRequire(url);
    const meta = {
      url,
      filename: path,
      dirname: dirname(path),
      resolve: (specifier: string) => pathToFileURL(require.resolve(specifier)).href,
    };
    const values: Record<(typeof NAMES)[number], unknown> = {
      __vite_ssr_import__: (specifier: string, { importedNames = [] }: ImportedNames = {}) =>
        this.#imported(path, specifier, importedNames),
      __vite_ssr_dynamic_import__: (specifier: string) => this.#importLater(specifier, path),
      __vite_ssr_exports__: exports,
      __vite_ssr_exportAll__: (from: Namespace) => exportAll(exports, from),
      __vite_ssr_import_meta__: meta,
      require,
      __filename: path,
      __dirname: meta.dirname,
    };
    this.#waiting.add(path);
    try {
      await this.#compile(module)(...NAMES.map((name) => values[name]));
      if (module.commonjs) exportAll(exports, Object(exports['default']) as Namespace);
    } finally {
      this.#waiting.delete(path);
    }
  }

  /** Local files have been evaluated before, but for those of a circle, whose exports are filled later. */
  #imported(
    importer: string,
    specifier: string,
    names: readonly string[],
  ): Namespace | Promise<Namespace> {
    return this.#graph.has(specifier)
      ? this.#seenBy(importer, specifier, this.#evaluation(specifier).exports)
      : importNames(importer, specifier, names);
  }

  /** An `import()`. A path that is computed is not resolved by the compiler. */
  #importLater(specifier: string, importer: string): Promise<unknown> {
    if (this.#graph.has(specifier)) return this.import(specifier);
    if (!/^\.{0,2}\//.test(specifier)) return importNatively(specifier);
    const url = new URL(specifier, pathToFileURL(importer));
    const path = fileURLToPath(url);
    return this.#graph.has(path) ? this.import(path) : importNatively(url.href);
  }

  #compile({ path, code }: CompiledModule): Body {
    // A class of Node that reads the source map of what it compiles, which `vm` does not do in every version.
    const script = new Module(path) as Module & { _compile(code: string, file: string): void };
    // On one line with the code: the lines of the map begin here. Node keeps the map as long as the script, and so whatever
    // is left of the code has to keep it.
    script._compile(
      `"use strict"; module.exports = async (${NAMES.join(', ')}, __script = module) => { ${code}`,
      `${path}?generation=${this.#generation}`,
    );
    return script.exports as Body;
  }
}

/**
 * Imports a package.
 * @throws SyntaxError when it does not export one of these names, as Node would. Of local files the compiler tells.
 */
async function importNames(
  importer: string,
  specifier: string,
  names: readonly string[],
): Promise<Namespace> {
  const exports = (await importNatively(specifier)) as Namespace;
  const missing = names.find((name) => !(name in exports));
  if (missing === undefined) return exports;
  throw new SyntaxError(`${importer}: ${specifier} does not provide an export named '${missing}'`);
}

async function importNatively(specifier: string): Promise<unknown> {
  return import(specifier);
}

function exportAll(exports: Namespace, from: Namespace): void {
  for (const name of Object.keys(from))
    if (name !== 'default' && !(name in exports))
      Object.defineProperty(exports, name, { enumerable: true, get: () => from[name] });
}
