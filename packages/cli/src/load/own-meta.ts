import type { Loader, Plugin } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { pathToFileURL } from 'node:url';

const LOADERS: Readonly<Record<string, Loader>> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
  '.jsx': 'jsx',
};

const NAMES = {
  'import.meta.url': '__openrtcUrl',
  'import.meta.filename': '__openrtcFilename',
  'import.meta.dirname': '__openrtcDirname',
  __filename: '__openrtcFilename',
  __dirname: '__openrtcDirname',
};
const USES_ONE = /\bimport\.meta\b|\b__(?:file|dir)name\b/;

/** An esbuild plugin that keeps `import.meta.url` and the like as in the source: agents read files beside their own. */
export function ownMeta(): Plugin {
  return {
    name: 'own-meta',
    setup(build) {
      const { initialOptions } = build;
      initialOptions.define = { ...initialOptions.define, ...NAMES };
      build.onLoad({ filter: /\.[mc]?[jt]sx?$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8');
        if (!USES_ONE.test(source)) return undefined;
        const loader = LOADERS[extname(path)] ?? 'js';
        return { contents: `${definitionsOf(path)}${source.replace(/^#!/, '//')}`, loader };
      });
    },
  };
}

// On the first line, so that the line numbers stay the same.
function definitionsOf(path: string): string {
  const values = {
    __openrtcUrl: pathToFileURL(path).href,
    __openrtcFilename: path,
    __openrtcDirname: dirname(path),
  };
  return Object.entries(values)
    .map(([name, value]) => `const ${name} = ${JSON.stringify(value)};`)
    .join(' ');
}
