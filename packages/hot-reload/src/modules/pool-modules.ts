import type { CompiledModule, ModuleGraph } from './compiled-module.js';

const CREATES_POOL = /\bnew\s+(?:[\w$]+\.)?AgentPool\b/;

/**
 * The modules that run a pool together with an entry: those that create one, and those by which the entry imports them.
 * A second evaluation of them would create a second pool, and open a second port.
 *
 * What a module that creates a pool imports itself is not among them, even if it imports the pool in turn, as an agent
 * may do that reads its snapshot.
 * @param entry - absolute path of the module that was asked to run the pool
 */
export function poolModules(graph: ModuleGraph, entry: string): ReadonlySet<string> {
  const found = new Set([entry]);
  const reached = reachedFrom(graph, [entry]);
  const creating = [...reached].filter((path) => CREATES_POOL.test(graph.get(path)?.code ?? ''));
  for (const path of creating) {
    found.add(path);
    const below = reachedFrom(graph, importsOf(graph.get(path)));
    for (const each of reached)
      if (!below.has(each) && reachedFrom(graph, [each]).has(path)) found.add(each);
  }
  return found;
}

function reachedFrom(graph: ModuleGraph, paths: readonly string[]): ReadonlySet<string> {
  const reached = new Set(paths);
  // A Set is iterated in the order of insertion, with what is added meanwhile.
  for (const path of reached) for (const each of importsOf(graph.get(path))) reached.add(each);
  return reached;
}

function importsOf(module: CompiledModule | undefined): readonly string[] {
  return module === undefined ? [] : [...module.imports, ...module.dynamicImports];
}
