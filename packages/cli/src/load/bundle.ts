import type { BuildFailure, BuildOptions, BuildResult, Plugin } from 'esbuild';
import { basename, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { UsageError } from '../usage-error.js';
import type { Esbuild } from './esbuild.js';
import { outsidePackages } from './outside-packages.js';
import { ownMeta } from './own-meta.js';

/** The result of {@link bundle}. */
export interface Bundled {
  /** Absolute path of each entry → absolute path of its bundle. */
  readonly bundles: ReadonlyMap<string, string>;
  /** Absolute path of each source file in the bundles → of the source files that it imports. */
  readonly imports: ReadonlyMap<string, readonly string[]>;
}

/**
 * Bundles TypeScript modules together with the files they import by relative path, in one build, so that a module
 * imported by two of them exists once. Packages are left out of the bundle.
 * @param entries - absolute paths
 * @param folder - where the bundles are written
 * @throws UsageError with the file, line and column of each mistake
 */
export async function bundle(
  esbuild: Esbuild,
  entries: readonly string[],
  folder: string,
): Promise<Bundled> {
  const outputs = entries.map((entry, index) => ({
    in: entry,
    out: `${index}-${basename(entry).replace(/\.\w+$/, '')}`,
  }));
  const { metafile } = await build(esbuild, {
    entryPoints: outputs,
    outdir: folder,
    plugins: [outsidePackages(), ownMeta()],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: `node${process.versions.node}`,
    // Only the conditions Node knows: esbuild would add "module", which is meant for bundlers.
    conditions: [],
    outExtension: { '.js': '.mjs' },
    // Class names are shown to users.
    keepNames: true,
    sourcemap: 'inline',
    sourcesContent: false,
    metafile: true,
    logLevel: 'silent',
    banner: { js: requireBanner(entries[0] ?? folder) },
  });
  return {
    bundles: new Map(outputs.map(({ in: entry, out }) => [entry, resolve(folder, `${out}.mjs`)])),
    imports: new Map(
      Object.entries(metafile?.inputs ?? {}).map(([input, { imports }]) => [
        resolve(input),
        imports.filter(({ external }) => external !== true).map(({ path }) => resolve(path)),
      ]),
    ),
  };
}

/** CommonJS helpers are bundled too, and need a `require` that resolves from the sources. */
function requireBanner(source: string): string {
  const from = JSON.stringify(pathToFileURL(source).href);
  return `import { createRequire as __openrtcCreateRequire } from 'node:module'; const require = __openrtcCreateRequire(${from});`;
}

/**
 * The files among these that wait for something at their top level, by what their source says.
 * @param files - absolute paths
 */
export async function topLevelAwaits(
  esbuild: Esbuild,
  files: readonly string[],
): Promise<readonly string[]> {
  try {
    // The format cannot express it, so esbuild names each place.
    await esbuild.build({
      entryPoints: [...files],
      outdir: '.',
      write: false,
      format: 'cjs',
      logLevel: 'silent',
      logLimit: 0,
    });
    return [];
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    const places = error.errors
      .filter(({ text }) => text.startsWith('Top-level await'))
      .map(({ location }) => location?.file);
    return [...new Set(places.filter((file) => file !== undefined).map((file) => resolve(file)))];
  }
}

/**
 * Builds as esbuild does.
 * @throws UsageError with the file, line and column of each mistake
 */
export async function build(esbuild: Esbuild, options: BuildOptions): Promise<BuildResult> {
  try {
    return await esbuild.build(options);
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    const importers = await importersIn(esbuild, options);
    const mistakes = error.errors.map((each) => mistake(each, importers));
    throw new UsageError(mistakes.join('\n  '), { cause: error });
  }
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && Array.isArray((error as Partial<BuildFailure>).errors);
}

function mistake(
  { text, location }: BuildFailure['errors'][number],
  importers: ReadonlyMap<string, string>,
): string {
  if (location === null) return text;
  const path = relative(process.cwd(), resolve(location.file)) || location.file;
  let by = '';
  for (let at = importers.get(resolve(location.file)); at !== undefined; at = importers.get(at))
    by += `, imported by ${relative(process.cwd(), at)}`;
  return `${path}:${location.line}:${location.column + 1}: ${text}${by === '' ? '' : ` (${by.slice(2)})`}`;
}

/** For each source file that is no entry: a file that imports it. A build that fails does not tell. */
async function importersIn(
  esbuild: Esbuild,
  options: BuildOptions,
): Promise<ReadonlyMap<string, string>> {
  const importers = new Map<string, string>();
  const resolving = Symbol('resolving');
  const recorder: Plugin = {
    name: 'recorder',
    setup(build) {
      build.onResolve({ filter: /^\./ }, async ({ path, pluginData, ...from }) => {
        // Another plugin resolves the same way: each would ask the other for ever.
        if (typeof pluginData === 'symbol') return undefined;
        const { importer, kind, resolveDir } = from;
        const found = await build.resolve(path, {
          importer,
          kind,
          resolveDir,
          pluginData: resolving,
        });
        // Each file is recorded before those it imports, so there is no circle.
        if (kind !== 'entry-point' && !importers.has(found.path))
          importers.set(found.path, importer);
        return found;
      });
    },
  };
  await esbuild
    .build({ ...options, plugins: [recorder, ...(options.plugins ?? [])], write: false })
    // It fails as before.
    .catch(() => {});
  return importers;
}
