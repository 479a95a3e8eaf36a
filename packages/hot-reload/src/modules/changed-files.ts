import type { ModuleGraph } from './compiled-module.js';

/**
 * The files of a graph that have to be evaluated: those that are new or have changed since `before`, and those that
 * import one of them, directly or indirectly. A file that only imports one of them by `import()` keeps what it has: it
 * may not have asked for it yet.
 */
export function changedFiles(graph: ModuleGraph, before: ModuleGraph): ReadonlySet<string> {
  const changed = new Set<string>();
  for (const { path, hash } of graph.values())
    if (before.get(path)?.hash !== hash) changed.add(path);
  const importers = importersIn(graph);
  // A Set is iterated in the order of insertion, with what is added meanwhile.
  for (const path of changed)
    for (const importer of importers.get(path) ?? []) changed.add(importer);
  return changed;
}

function importersIn(graph: ModuleGraph): ReadonlyMap<string, readonly string[]> {
  const importers = new Map<string, string[]>();
  for (const { path, imports } of graph.values())
    for (const imported of imports) {
      const known = importers.get(imported);
      if (known === undefined) importers.set(imported, [path]);
      else known.push(path);
    }
  return importers;
}
