import type { voice } from '@livekit/agents';
import { pathToFileURL } from 'node:url';

import { isAgentClass } from '../agents/agent-class.js';
import { chooseAgentClass } from '../agents/agent-export.js';
import type { AgentClass, AgentConfig } from '../agents/agent-options.js';
import type { CodeLoader, FoundAgents, LoadedCode } from '../agents/code-loader.js';
import type { AgentRegistry } from '../agents/registry.js';
import { OpenRtcError, messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { failedPlace, placeText } from '../base/source-place.js';
import type { ChangedAgent, CodeChange, CodeEvent } from '../call/code-change.js';
import { checkToolSchemas } from '../sdk/agent-tools.js';
import type { LiveSessions } from '../session/live-sessions.js';
import { Verification } from './verification.js';

/** Code that a process is ready to use. */
export interface PreparedCode {
  /** Uses it. Resolves with what has become of each call in this process so far. */
  commit(): Promise<readonly CodeEvent[]>;
}

/** Options of {@link ProcessCode}. */
export interface ProcessCodeOptions {
  readonly registry: AgentRegistry;
  readonly live: LiveSessions;
  /** Undefined where code cannot be reloaded. */
  readonly loader: CodeLoader | undefined;
  readonly logger: Logger;
}

/** The code of the agents in one process, which can change while calls run. */
export class ProcessCode {
  readonly #options: ProcessCodeOptions;

  constructor(options: ProcessCodeOptions) {
    this.#options = options;
  }

  /**
   * Loads the code of a change, and constructs each agent that has changed once. Nothing has changed yet.
   * @throws OpenRtcError `CONFIG_DISCOVERY` with the file and the cause
   */
  async prepare(change: CodeChange): Promise<PreparedCode> {
    const { loader } = this.#options;
    if (loader === undefined)
      throw new OpenRtcError(
        'CONFIG_DISCOVERY',
        'this process cannot reload code: it was not started by a command that watches its agents',
      );
    const verification = new Verification(change.generation, this.#options.logger);
    return verification.run(async () =>
      this.#verify(change, await loader.load(change.code, change.generation)),
    );
  }

  async #verify(change: CodeChange, loaded: LoadedCode): Promise<PreparedCode> {
    const { registry } = this.#options;
    const configs: AgentConfig[] = [];
    for (const agent of change.agents) {
      const next = await classOf(agent, loaded, registry);
      if (next === undefined) continue;
      const { name, revision, sourcePath } = agent;
      if (registry.has(name) && registry.get(name).revision === revision) continue;
      const config = registry.prepare(name, next, { revision, sourcePath });
      constructOnce(config);
      configs.push(config);
    }
    return this.ready(loaded, configs, change.generation);
  }

  /** Code whose agents are prepared already. `found`: where, in the worker. */
  ready(
    loaded: LoadedCode,
    configs: readonly AgentConfig[],
    generation: number,
    found?: FoundAgents,
  ): PreparedCode {
    const { registry, live } = this.#options;
    return {
      commit: () => {
        registry.register(configs);
        loaded.use(found);
        return live.change({
          generation,
          successor: (agentClass) => loaded.successor(agentClass),
          agent: (name) => (registry.has(name) ? registry.get(name) : undefined),
        });
      },
    };
  }
}

/** The class of an agent in other code: of its file, or in the place of the one that was added. */
export async function classOf(
  { name, sourcePath }: Pick<ChangedAgent, 'name' | 'sourcePath'>,
  loaded: LoadedCode,
  registry: AgentRegistry,
): Promise<AgentClass | undefined> {
  if (sourcePath !== undefined)
    return chooseAgentClass(await loaded.importModule(pathToFileURL(sourcePath).href));
  const known = registry.has(name) ? registry.get(name).agent : undefined;
  return isAgentClass(known) ? loaded.successor(known) : undefined;
}

/**
 * Constructs an agent as a call would, and checks its tools.
 * @throws OpenRtcError `CONFIG_DISCOVERY` when that fails
 */
export function constructOnce({ name, agent, sourcePath }: AgentConfig): void {
  if (!isAgentClass(agent)) return;
  const refused = (what: string, cause: unknown) =>
    new OpenRtcError('CONFIG_DISCOVERY', `${sourcePath ?? `agent "${name}"`}: ${what}`, { cause });
  let built: voice.Agent;
  try {
    built = new agent();
  } catch (cause) {
    const place = cause instanceof Error ? failedPlace(cause) : undefined;
    const where = place === undefined ? '' : ` (at ${placeText(place)})`;
    throw refused(`the constructor of ${agent.name} failed: ${messageOf(cause)}${where}`, cause);
  }
  try {
    checkToolSchemas(built);
  } catch (cause) {
    throw refused(messageOf(cause), cause);
  }
}
