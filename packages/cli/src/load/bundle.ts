import { type BuildFailure, type BuildResult, type Plugin, build } from 'esbuild';
import { basename, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { UsageError } from '../usage-error.js';
import { outsidePackages } from './outside-packages.js';
import { ownMeta } from './own-meta.js';

/** What came of {@link bundle}. */
export interface Bundled {
  /** From the absolute path of each entry to that of its bundle. */
  readonly bundles: ReadonlyMap<string, string>;
  /** Absolute paths of every source file that is in the bundles. */
  readonly inputs: readonly string[];
}

/**
 * Bundles TypeScript modules with what they import by relative paths, all together, so that a module that two
 * of them import stays one. What they import by name stays outside.
 * @param entries - absolute paths
 * @param folder - where the bundles are written to
 * @throws UsageError with file, line and column of each mistake
 */
export async function bundle(entries: readonly string[], folder: string): Promise<Bundled> {
  const outputs = entries.map((entry, index) => ({
    in: entry,
    out: `${index}-${basename(entry).replace(/\.\w+$/, '')}`,
  }));
  const { metafile } = await esbuild({
    entryPoints: outputs,
    outdir: folder,
    plugins: [outsidePackages(), ownMeta()],
    requireFrom: entries[0] ?? folder,
  });
  return {
    bundles: new Map(outputs.map(({ in: entry, out }) => [entry, resolve(folder, `${out}.mjs`)])),
    inputs: Object.keys(metafile?.inputs ?? {}).map((input) => resolve(input)),
  };
}

async function esbuild(options: {
  entryPoints: { in: string; out: string }[];
  outdir: string;
  plugins: Plugin[];
  requireFrom: string;
}): Promise<BuildResult> {
  const { requireFrom, ...rest } = options;
  try {
    return await build({
      ...rest,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: `node${process.versions.node}`,
      // Those that Node knows: by itself esbuild adds "module", which is for bundlers.
      conditions: [],
      outExtension: { '.js': '.mjs' },
      // The names of classes are shown.
      keepNames: true,
      sourcemap: 'inline',
      sourcesContent: false,
      metafile: true,
      logLevel: 'silent',
      // For CommonJS helpers, which are bundled as well.
      banner: {
        js: `import { createRequire as __openrtcCreateRequire } from 'node:module'; const require = __openrtcCreateRequire(${JSON.stringify(pathToFileURL(requireFrom).href)});`,
      },
    });
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    throw new UsageError(error.errors.map(mistake).join('\n  '), { cause: error });
  }
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && Array.isArray((error as Partial<BuildFailure>).errors);
}

function mistake({ text, location }: BuildFailure['errors'][number]): string {
  if (location === null) return text;
  const path = relative(process.cwd(), resolve(location.file)) || location.file;
  return `${path}:${location.line}:${location.column + 1}: ${text}`;
}
