import { isAgentClass } from '../agents/agent-class.js';
import type { AgentConfig } from '../agents/agent-options.js';
import type { LoadedCode } from '../agents/code-loader.js';
import { type DiscoveredAgent, discoverAgents } from '../agents/discover.js';
import { optionsOfLaterCalls } from '../agents/option-changes.js';
import type { AgentRegistry } from '../agents/registry.js';
import { shortPath } from '../base/source-place.js';
import { constructOnce } from './process-code.js';

/** What new code would change. */
export interface ReloadPlan {
  readonly loaded: LoadedCode;
  /** Agents that have changed, or are new. */
  readonly changed: readonly AgentConfig[];
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
  for (const { name, agent, sourcePath } of await discoverAll(registry.discoveredFrom, loaded)) {
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
  for (const { name, agent, sourcePath } of registry.list()) {
    if (names.has(name)) continue;
    if (sourcePath !== undefined) {
      notes.push(
        `${shortPath(sourcePath)} has no agent "${name}" any more: its calls go on, and new ones get it as it was`,
      );
      continue;
    }
    const next = isAgentClass(agent) ? loaded.successor(agent) : undefined;
    if (next !== undefined && next !== agent) changed.push(registry.prepare(name, next));
  }
  for (const config of changed) constructOnce(config);
  return { loaded, changed, notes };
}

async function discoverAll(
  paths: readonly string[],
  { importModule }: LoadedCode,
): Promise<readonly DiscoveredAgent[]> {
  const found: DiscoveredAgent[] = [];
  for (const path of paths) {
    const existing = new Set(found.map(({ name }) => name));
    found.push(...(await discoverAgents(path, { existing, importer: { importModule } })));
  }
  return found;
}
