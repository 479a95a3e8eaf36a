import type { Plugin } from 'esbuild';
import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const RESOLVING = Symbol('resolving');
const TYPESCRIPT = /\.[mc]?tsx?$/;

/**
 * Leaves packages out of a bundle, under the very URL that Node would find from the file that imports them: the
 * bundle may then be anywhere, and what it imports is the same module as elsewhere in the process. Packages that
 * are TypeScript, as in a monorepo, are bundled; so are files behind an alias of tsconfig.json.
 */
export function outsidePackages(): Plugin {
  return {
    name: 'outside-packages',
    setup(build) {
      build.onResolve(
        { filter: /^[^./]/ },
        async ({ path, kind, importer, resolveDir, pluginData }) => {
          if (pluginData === RESOLVING || kind === 'entry-point') return undefined;
          if (isBuiltin(path)) return { path, external: true };
          const found = await build.resolve(path, {
            kind,
            importer,
            resolveDir,
            pluginData: RESOLVING,
          });
          if (found.errors.length > 0) {
            // Perhaps optional, in a try: who runs it finds out.
            if (kind !== 'import-statement') return { path, external: true };
            const text = `Cannot find ${JSON.stringify(path)}: is it installed? npm install ${packageOf(path)}`;
            return { errors: [{ text }] };
          }
          const inside = TYPESCRIPT.test(found.path) || !isInstalled(path, resolveDir);
          if (found.external || inside) return found;
          const required = kind === 'require-call' || kind === 'require-resolve';
          return { path: required ? found.path : pathToFileURL(found.path).href, external: true };
        },
      );
    },
  };
}

/** `@scope/name` of `@scope/name/file`. */
function packageOf(path: string): string {
  return path
    .split('/')
    .slice(0, path.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Whether it is a package, and no alias. */
function isInstalled(path: string, from: string): boolean {
  const name = packageOf(path);
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules', name))) return true;
    if (folder === dirname(folder)) return false;
  }
}
