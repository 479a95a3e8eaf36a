import type * as hotReload from '@openrtc/hot-reload';
import { existsSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { makeTemporaryFolder } from '../temporary-folder.js';
import { build } from './bundle.js';
import type { Core } from './core.js';
import { loadEsbuild } from './esbuild.js';
import { importFrom } from './import-from.js';
import type { ModuleImporter } from './module-importer.js';
import { outsidePackages } from './outside-packages.js';

/** Imports the user's modules in a way that they can be reloaded. */
export interface HotImporter extends ModuleImporter {
  /** `@openrtc/hot-reload`. */
  readonly hotReload: typeof hotReload;
  /** The code that is in use. */
  readonly code: hotReload.HotCode;
}

/** The variable with which `@openrtc/hot-reload` tells processes for calls where the code is. */
export const HOT_CODE = 'OPENRTC_HOT_CODE';

/** Whether this is a process for calls that runs the code of its worker, and not what stands in the files. Before core is loaded. */
export function hasCodeOfWorker(): boolean {
  return [HOT_CODE, 'OPENRTC_SERVE_TICKETS'].every((name) => (process.env[name] ?? '') !== '');
}

/**
 * Imports with `@openrtc/hot-reload`; undefined when it is not installed.
 * @param folder - folder of the agents
 * @throws OpenRtcError `CONFIG_DISCOVERY` when esbuild is not installed
 */
export async function hotImporter(core: Core, folder: string): Promise<HotImporter | undefined> {
  const found = (await importFrom('@openrtc/hot-reload', folder)) as typeof hotReload | undefined;
  if (found === undefined) return undefined;
  const esbuild = await loadEsbuild(folder, core);
  const root = makeTemporaryFolder('openrtc-');
  process.on('exit', () => rmSync(root, { recursive: true, force: true }));
  // Stacks then point to the sources.
  process.setSourceMapsEnabled(true);
  const code: hotReload.HotCode = new found.HotCode({
    compiler: { build: (options) => build(esbuild, options), packages: outsidePackages },
    folder: root,
    ofWorker: core.inCallProcess(),
    agentsBeside: (path) => agentsIn(dirname(path), core),
    explain: (error, path) => core.explainImport(error, path, code.imports),
  });
  const explained = async <Value>(path: string, work: Promise<Value>): Promise<Value> => {
    try {
      return await work;
    } catch (error) {
      const real = existsSync(path) ? realpathSync(path) : path;
      throw await core.explainImport(error, real, code.imports);
    }
  };
  return {
    hotReload: found,
    code,
    compilerError: undefined,
    loader: code,
    waitedFor: code.waitedFor,
    foundByWorker: code.foundByWorker,
    onFound: code.onFound,
    importModule: (url) => explained(fileURLToPath(url), code.importModule(url)),
    importPath: (path) => explained(path, code.importOnce(path)),
  };
}

function agentsIn(folder: string, { isAgentFile }: Core): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && isAgentFile(entry.name))
    .map((entry) => join(folder, entry.name));
}
