import type { CompiledModule, ModuleGraph } from './compiled-module.js';

/**
 * The files as they are now, with some modules as they were before. What those import, and is not there now, is as it was
 * too.
 * @param paths - of modules that stay as they were
 */
export function keepModules(
  now: ModuleGraph,
  before: ModuleGraph,
  paths: readonly string[],
): ModuleGraph {
  const kept = new Map<string, CompiledModule>(now);
  const needed: string[] = [];
  const keep = (module: CompiledModule | undefined) => {
    if (module === undefined) return;
    kept.set(module.path, module);
    needed.push(...module.imports, ...module.dynamicImports);
  };
  for (const path of paths) keep(before.get(path));
  for (const path of needed) if (!kept.has(path)) keep(before.get(path));
  return kept;
}

/** The files as if each had changed, but for some. */
export function saltModules(
  graph: ModuleGraph,
  salt: string,
  except: ReadonlySet<string>,
): ModuleGraph {
  if (salt === '') return graph;
  return new Map(
    [...graph].map(([path, module]) => [
      path,
      except.has(path) ? module : { ...module, hash: module.hash + salt },
    ]),
  );
}
