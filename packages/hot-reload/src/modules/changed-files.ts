import type { ModuleGraph } from './compiled-module.js';

/**
 * The files of a graph that have to be evaluated: those that are new or have changed since `before`, and those that
 * import one of them, directly or indirectly, also by `import()`: a file may have kept what that gave it.
 * @param once - files that are not evaluated again, whatever changes
 */
export function changedFiles(
  graph: ModuleGraph,
  before: ModuleGraph,
  once: ReadonlySet<string> = new Set(),
): ReadonlySet<string> {
  const changed = new Set<string>();
  for (const { path, hash } of graph.values())
    if (before.get(path)?.hash !== hash && !once.has(path)) changed.add(path);
  const importers = importersIn(graph);
  // A Set is iterated in the order of insertion, with what is added meanwhile.
  for (const path of changed)
    for (const importer of importers.get(path) ?? [])
      if (!once.has(importer)) changed.add(importer);
  return changed;
}

function importersIn(graph: ModuleGraph): ReadonlyMap<string, readonly string[]> {
  const importers = new Map<string, string[]>();
  for (const { path, imports, dynamicImports } of graph.values())
    for (const imported of [...imports, ...dynamicImports]) {
      const known = importers.get(imported);
      if (known === undefined) importers.set(imported, [path]);
      else known.push(path);
    }
  return importers;
}
