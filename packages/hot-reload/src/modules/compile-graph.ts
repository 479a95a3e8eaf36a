import remapping, { type SourceMapInput } from '@jridgewell/remapping';
import type { BuildFailure, BuildOptions, Metafile, OutputFile, Plugin } from 'esbuild';
import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { moduleRunnerTransformSync } from 'oxc-transform';

import type { CompiledModule, ModuleGraph } from './compiled-module.js';

/** The compiler. */
export interface Compiler {
  /** As `build` of esbuild, with its errors as the user should read them and esbuild's own as their cause. */
  readonly build: (options: BuildOptions) => Promise<{
    readonly metafile?: Metafile | undefined;
    readonly outputFiles?: readonly OutputFile[] | undefined;
  }>;
  /** Leaves installed packages out of a build, and decides what is one. */
  readonly packages: () => Plugin;
}

const RESOLVING = Symbol('resolving');

/** Compiles files, and remembers what has not changed. */
export class GraphCompiler {
  readonly #compiler: Compiler;
  /** What esbuild made of each file, and the module it became. */
  readonly #known = new Map<string, { readonly text: string; readonly module: CompiledModule }>();
  #missing: readonly string[] = [];

  constructor(compiler: Compiler) {
    this.#compiler = compiler;
  }

  /** Absolute paths that were imported and not found, as the imports name them, in the last compilation. */
  get missing(): readonly string[] {
    return this.#missing;
  }

  /**
   * Compiles some files and all local files that they import, each to a module of its own.
   * @param entries - absolute paths
   * @throws the error of the compiler, with file, line and column
   */
  async compile(entries: readonly string[]): Promise<ModuleGraph> {
    const { build, packages } = this.#compiler;
    // Once to learn which files there are, and once to compile each by itself.
    const found = await build({
      ...COMMON,
      entryPoints: [...entries],
      plugins: [packages()],
    }).catch((error: unknown) => {
      this.#missing = missingFiles(error);
      throw error;
    });
    this.#missing = [];
    const inputs = new Map(
      Object.entries(found.metafile?.inputs ?? {}).map(([path, input]) => [resolve(path), input]),
    );
    const files = [...inputs.keys()];
    const { outputFiles = [], metafile } = await build({
      ...COMMON,
      entryPoints: files.map((file, index) => ({ in: file, out: String(index) })),
      sourcemap: 'external',
      sourcesContent: false,
      plugins: [localFilesOutside(new Set(files)), packages()],
    });
    const outputs = new Map(
      Object.entries(metafile?.outputs ?? {}).map(([path, output]) => [resolve(path), output]),
    );
    const texts = new Map(outputFiles.map(({ path, text }) => [path, text]));
    const local = new Set(files);
    const graph = new Map<string, CompiledModule>();
    for (const [index, path] of files.entries()) {
      const output = resolve('/', `${index}.js`);
      const text = texts.get(output) ?? '';
      const known = this.#known.get(path);
      if (known?.text === text) {
        graph.set(path, known.module);
        continue;
      }
      const imports = (outputs.get(output)?.imports ?? []).filter((each) => local.has(each.path));
      const module: CompiledModule = {
        path,
        ...codeOf(path, text, texts.get(`${output}.map`)),
        imports: pathsOf(imports, 'import-statement'),
        dynamicImports: pathsOf(imports, 'dynamic-import'),
        commonjs: inputs.get(path)?.format === 'cjs',
      };
      this.#known.set(path, { text, module });
      graph.set(path, module);
      // The event loop has calls to serve.
      await nextTick();
    }
    for (const path of this.#known.keys()) if (!local.has(path)) this.#known.delete(path);
    return graph;
  }
}

const COMMON: BuildOptions = {
  bundle: true,
  write: false,
  outdir: '/',
  format: 'esm',
  platform: 'node',
  target: `node${process.versions.node}`,
  // Only the conditions Node knows: esbuild would add "module", which is meant for bundlers.
  conditions: [],
  // Class names are shown to users.
  keepNames: true,
  metafile: true,
  logLevel: 'silent',
};

/** Imports local files as they are, by their paths, also those behind an alias: each is compiled by itself. */
function localFilesOutside(local: ReadonlySet<string>): Plugin {
  return {
    name: 'local-files-outside',
    setup(build) {
      build.onResolve({ filter: /.*/ }, async ({ path, pluginData, ...from }) => {
        const { kind, importer, resolveDir } = from;
        // Another plugin resolves the same way: each would ask the other for ever.
        if (kind === 'entry-point' || typeof pluginData === 'symbol') return undefined;
        const found = await build.resolve(path, {
          kind,
          importer,
          resolveDir,
          pluginData: RESOLVING,
        });
        return local.has(found.path) && !found.external
          ? { path: found.path, external: true }
          : found;
      });
    },
  };
}

const NOT_FOUND = /^Could not resolve "(\.[^"]*|\/[^"]*)"/;

/** The local files that were imported and are not there, by the errors of a build. */
function missingFiles(error: unknown): readonly string[] {
  const failure = error instanceof Error ? (error.cause ?? error) : error;
  const { errors = [] } = failure as Partial<BuildFailure>;
  const missing: string[] = [];
  for (const { text, location } of errors) {
    const path = NOT_FOUND.exec(text)?.[1];
    if (path !== undefined && location !== null)
      missing.push(resolve(dirname(resolve(location.file)), path));
  }
  return missing;
}

type Imports = Metafile['outputs'][string]['imports'];

function pathsOf(imports: Imports, kind: Imports[number]['kind']): readonly string[] {
  return imports.filter((each) => each.kind === kind).map(({ path }) => path);
}

/** The body of the function that evaluates a module, from the JavaScript of esbuild. */
function codeOf(path: string, text: string, map = '{}'): Pick<CompiledModule, 'code' | 'hash'> {
  // It is JavaScript by now, whatever it was.
  const transformed = moduleRunnerTransformSync(`${path}.mjs`, text, { sourcemap: true });
  const { code, map: second, errors } = transformed;
  if (second === undefined)
    throw new Error(`${path}: ${errors.map(({ message }) => message).join('; ')}`);
  const source = pathToFileURL(path).href;
  const whole = remapping([second as SourceMapInput, map], () => null);
  whole.sources = [source];
  const encoded = Buffer.from(whole.toString()).toString('base64');
  return {
    code: `${code}\n}\n//# sourceMappingURL=data:application/json;base64,${encoded}`,
    hash: createHash('sha256').update(code).digest('base64'),
  };
}
