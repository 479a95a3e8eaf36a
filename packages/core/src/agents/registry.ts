import { OpenRtcError } from '../base/errors.js';
import { type AgentNames, listNames } from './agent-names.js';
import { printable } from '../base/printable.js';
import { checkAgent } from './agent-class.js';
import type { AgentClass, AgentConfig, AgentFactory, AgentOptions } from './agent-options.js';
import { readAgentConfig } from './agent-config.js';
import { checkAgentName } from './agent-name.js';
import { checkAgentOptions } from './check-agent-options.js';
import type { DiscoveredAgent } from './discover.js';
import { didYouMean } from '../base/nearest.js';

// A call is accepted some seconds before its session looks its agent up. More changes than this in that time are
// not made by people, and each one kept holds a class and what it closes over.
const KEPT_REVISIONS = 64;

/** The agents of a pool, in the order of their registration. What it holds has been checked. */
export class AgentRegistry implements AgentNames {
  readonly #agents = new Map<string, AgentConfig>();
  /** Replaced and removed ones, oldest first: calls that were accepted before still run them. */
  readonly #superseded: AgentConfig[] = [];
  #onChange = () => {};

  /**
   * Registers an agent. Options not given are taken from its `agentConfig()`, but for the name.
   * @throws CONFIG_INVALID_NAME, CONFIG_DUPLICATE_AGENT, CONFIG_NOT_AN_AGENT, CONFIG_FOREIGN_SDK or
   * CONFIG_INVALID_OPTION; nothing is registered then.
   */
  add(
    name: string,
    agent: AgentClass | AgentFactory,
    options: AgentOptions = {},
    sourcePath?: string,
  ): AgentConfig {
    const checkedName = checkAgentName(name);
    if (this.#agents.has(checkedName)) throw duplicate(checkedName);
    const config = this.#check(checkedName, agent, options, sourcePath);
    this.#agents.set(checkedName, config);
    this.#onChange();
    return config;
  }

  /**
   * Puts another agent under a registered name; its place in the order stays. Calls that were accepted before keep
   * the agent they were accepted for. Options that are not given are those of its `agentConfig()`, not of the
   * agent it replaces.
   * @throws CONFIG_UNKNOWN_AGENT, or as {@link add}; nothing has changed then.
   */
  replace(name: string, agent: AgentClass | AgentFactory, options: AgentOptions = {}): AgentConfig {
    const checkedName = checkAgentName(name);
    const replaced = this.get(checkedName);
    const config = this.#check(checkedName, agent, options);
    this.#supersede(replaced);
    this.#agents.set(checkedName, config);
    this.#onChange();
    return config;
  }

  /** Registers all of them or, when one cannot be, none. Throws as {@link add}. */
  addDiscovered(agents: readonly DiscoveredAgent[]): readonly AgentConfig[] {
    const configs = agents.map(({ name, agent, sourcePath }) => {
      const checkedName = checkAgentName(name);
      if (this.#agents.has(checkedName)) throw duplicate(checkedName);
      return this.#check(checkedName, agent, {}, sourcePath);
    });
    const names = configs.map((config) => config.name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw duplicate(twice);
    for (const config of configs) this.#agents.set(config.name, config);
    this.#onChange();
    return configs;
  }

  /** @throws CONFIG_UNKNOWN_AGENT */
  get(name: string): AgentConfig {
    const config = this.#agents.get(name);
    if (config === undefined) throw this.#unknown(name);
    return config;
  }

  /** The agent a call was accepted for; undefined when this process never had that revision, or no longer has it. */
  at(name: string, revision: number): AgentConfig | undefined {
    const current = this.#agents.get(name);
    if (current?.revision === revision) return current;
    return this.#superseded.find((agent) => agent.name === name && agent.revision === revision);
  }

  /**
   * Takes an agent out: new calls no longer find it, and calls that were accepted before still run it. Returns
   * what was registered.
   * @throws CONFIG_UNKNOWN_AGENT
   */
  remove(name: string): AgentConfig {
    const config = this.get(name);
    this.#supersede(config);
    this.#agents.delete(name);
    this.#onChange();
    return config;
  }

  has(name: string): boolean {
    return this.#agents.has(name);
  }

  /** All agents, in the order of registration. A copy. */
  list(): readonly AgentConfig[] {
    return [...this.#agents.values()];
  }

  names(): readonly string[] {
    return [...this.#agents.keys()];
  }

  /** Calls `onChange` after each change, in the same tick; only the last watcher is called. */
  watch(onChange: () => void): void {
    this.#onChange = onChange;
  }

  #check(name: string, agent: unknown, options: unknown, sourcePath?: string): AgentConfig {
    const checkedAgent = checkAgent(name, agent);
    const checkedOptions = checkAgentOptions(`agent "${name}"`, options);
    const { name: _discoveryName, ...described } = readAgentConfig(checkedAgent) ?? {};
    return Object.freeze({
      ...described,
      ...checkedOptions,
      name,
      revision: this.#nextRevision(name),
      agent: checkedAgent,
      ...(sourcePath === undefined ? {} : { sourcePath }),
    });
  }

  /** Counts on over removals: a call may still hold an earlier agent of this name. */
  #nextRevision(name: string): number {
    const last =
      this.#agents.get(name) ?? this.#superseded.findLast((agent) => agent.name === name);
    return last === undefined ? 0 : last.revision + 1;
  }

  #supersede(agent: AgentConfig): void {
    this.#superseded.push(agent);
    if (this.#superseded.length > KEPT_REVISIONS) this.#superseded.shift();
  }

  #unknown(name: unknown): OpenRtcError {
    const shown = printable(String(name));
    return new OpenRtcError(
      'CONFIG_UNKNOWN_AGENT',
      `no agent named "${shown}" (${listNames(this)})${didYouMean(shown, this.names())}`,
    );
  }
}

function duplicate(name: string): OpenRtcError {
  return new OpenRtcError(
    'CONFIG_DUPLICATE_AGENT',
    `an agent named "${name}" is already registered: choose another name, or remove("${name}") first`,
  );
}
