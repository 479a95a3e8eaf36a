import { existsSync } from 'node:fs';

import type { AgentConfig } from '../agents/agent-options.js';
import type { FoundAgents, LoadedCode } from '../agents/code-loader.js';
import { type DiscoveredAgent, discoverAgents } from '../agents/discover.js';
import { optionsOfLaterCalls } from '../agents/option-changes.js';
import type { AgentRegistry } from '../agents/registry.js';
import { shortPath } from '../base/source-place.js';
import { classOf, constructOnce } from './process-code.js';

/** What new code would change. */
export interface ReloadPlan {
  readonly loaded: LoadedCode;
  /** Agents that have changed, or are new. */
  readonly changed: readonly AgentConfig[];
  /** Where the agents are now. */
  readonly found: FoundAgents;
  /** What it does not change, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Finds out what new code would change, and constructs each agent that has changed once.
 * @throws OpenRtcError `CONFIG_*` with the file and the cause, when the code cannot be used
 */
export async function planReload(loaded: LoadedCode, registry: AgentRegistry): Promise<ReloadPlan> {
  const changed: AgentConfig[] = [];
  const notes: string[] = [];
  const names = new Set<string>();
  const found = await discoverAll(registry.discoveredFrom, loaded);
  for (const { name, agent, sourcePath } of [...found.values()].flat()) {
    names.add(name);
    const known = registry.has(name) ? registry.get(name) : undefined;
    if (known?.agent === agent) continue;
    const next = registry.prepare(name, agent, { sourcePath });
    changed.push(next);
    const later = known === undefined ? [] : optionsOfLaterCalls(known, next);
    if (later.length > 0)
      notes.push(
        `agent "${name}": ${later.join(', ')} changed for later calls, live ones keep theirs`,
      );
  }
  for (const known of registry.list()) {
    const { name, agent, sourcePath } = known;
    if (names.has(name)) continue;
    if (sourcePath !== undefined)
      notes.push(
        `${shortPath(sourcePath)} has no agent "${name}" any more: its calls go on, and new ones get it as it was`,
      );
    // What a file that is gone imports may have changed.
    const next = await classOf(known, loaded, registry);
    if (next !== undefined && next !== agent)
      changed.push(registry.prepare(name, next, { sourcePath }));
  }
  for (const config of changed) constructOnce(config);
  return { loaded, changed, found: new Map(found), notes };
}

async function discoverAll(
  paths: readonly string[],
  { importModule }: LoadedCode,
): Promise<ReadonlyMap<string, readonly DiscoveredAgent[]>> {
  const found = new Map<string, readonly DiscoveredAgent[]>();
  for (const path of paths) {
    // Agents whose files were deleted go on as they were, also the last one of a directory, and with it.
    const gone = !existsSync(path);
    const existing = new Set([...found.values()].flat().map(({ name }) => name));
    const options = { existing, importer: { importModule }, mayBeEmpty: true };
    found.set(path, gone ? [] : await discoverAgents(path, options));
  }
  return found;
}
