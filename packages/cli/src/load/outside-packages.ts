import type { Plugin } from 'esbuild';
import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { foldersUp } from './folders-up.js';

const RESOLVING = Symbol('resolving');
const TYPESCRIPT = /\.[mc]?tsx?$/;

/**
 * An esbuild plugin that leaves packages out of the bundle. It imports them by the URL that Node would find from the
 * importing file, so that the bundle can be in any folder and imports the same module as the rest of the process.
 * Packages written in TypeScript, as in a monorepo, are bundled, and so are files behind an alias in tsconfig.json.
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
            // It may be optional and inside a `try`: the error appears when it runs.
            if (kind !== 'import-statement') return { path, external: true };
            const text = `Cannot find ${JSON.stringify(path)}. Is it installed? npm install ${packageOf(path)}`;
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

/** Whether it is an installed package, not an alias. */
function isInstalled(path: string, from: string): boolean {
  const name = packageOf(path);
  for (const folder of foldersUp(from))
    if (existsSync(join(folder, 'node_modules', name))) return true;
  return false;
}
