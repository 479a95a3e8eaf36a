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

// Some seconds pass between the acceptance of a call and the moment its session looks up its agent. People do not make
// more changes than this in that time, and each revision keeps a class in memory with everything it refers to.
const MAX_KEPT_REVISIONS = 64;

/** The agents of a pool, checked, in the order of registration. */
export class AgentRegistry implements AgentNames {
  readonly #agents = new Map<string, AgentConfig>();
  /** Replaced and removed agents, oldest first: calls that were accepted for them still run them. */
  readonly #superseded: AgentConfig[] = [];
  #onChange = () => {};

  /**
   * Registers an agent. Options that are not given have the values of its `agentConfig()`, except for the name.
   * @throws CONFIG_INVALID_NAME, CONFIG_DUPLICATE_AGENT, CONFIG_NOT_AN_AGENT, CONFIG_FOREIGN_SDK or
   * CONFIG_INVALID_OPTION; then nothing is registered.
   */
  add(
    name: string,
    agent: AgentClass | AgentFactory,
    options: AgentOptions = {},
    sourcePath?: string,
  ): AgentConfig {
    const config = this.#check(this.#freeName(name), agent, options, sourcePath);
    this.#agents.set(config.name, config);
    this.#onChange();
    return config;
  }

  /**
   * Replaces the agent under a registered name; the order stays the same. Calls that were already accepted keep
   * their agent. Options that are not given have the values of its `agentConfig()`, not those of the replaced agent.
   * @throws CONFIG_UNKNOWN_AGENT, or as {@link add}; then nothing changes.
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

  /**
   * Registers discovered agents: all of them, or none when one cannot be registered.
   * @throws as {@link add}
   */
  addDiscovered(agents: readonly DiscoveredAgent[]): readonly AgentConfig[] {
    const configs = agents.map(({ name, agent, sourcePath }) =>
      this.#check(this.#freeName(name), agent, {}, sourcePath),
    );
    const names = configs.map((config) => config.name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw duplicate(twice);
    for (const config of configs) this.#agents.set(config.name, config);
    this.#onChange();
    return configs;
  }

  /**
   * The agent under a name.
   * @throws CONFIG_UNKNOWN_AGENT
   */
  get(name: string): AgentConfig {
    const config = this.#agents.get(name);
    if (config === undefined) throw this.#unknown(name);
    return config;
  }

  /** A revision of an agent; undefined when this process does not have it, or no longer has it. */
  at(name: string, revision: number): AgentConfig | undefined {
    const current = this.#agents.get(name);
    if (current?.revision === revision) return current;
    return this.#superseded.find((agent) => agent.name === name && agent.revision === revision);
  }

  /**
   * Removes an agent and returns it. New calls no longer find it; calls that were already accepted still run it.
   * @throws CONFIG_UNKNOWN_AGENT
   */
  remove(name: string): AgentConfig {
    const config = this.get(name);
    this.#supersede(config);
    this.#agents.delete(name);
    this.#onChange();
    return config;
  }

  /** True when an agent has this name. */
  has(name: string): boolean {
    return this.#agents.has(name);
  }

  /** A copy of the list of all agents, in the order of registration. */
  list(): readonly AgentConfig[] {
    return [...this.#agents.values()];
  }

  /** All names, in the order of registration. */
  names(): readonly string[] {
    return [...this.#agents.keys()];
  }

  /** Calls `onChange` after each change, in the same tick. A second watcher replaces the first. */
  watch(onChange: () => void): void {
    this.#onChange = onChange;
  }

  #freeName(name: string): string {
    const checked = checkAgentName(name);
    if (this.#agents.has(checked)) throw duplicate(checked);
    return checked;
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

  /** Continues after a removal: a call may still need an earlier agent of this name. */
  #nextRevision(name: string): number {
    const last =
      this.#agents.get(name) ?? this.#superseded.findLast((agent) => agent.name === name);
    return last === undefined ? 0 : last.revision + 1;
  }

  #supersede(agent: AgentConfig): void {
    this.#superseded.push(agent);
    if (this.#superseded.length > MAX_KEPT_REVISIONS) this.#superseded.shift();
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
    `an agent named "${name}" is already registered: choose another name, call replace("${name}", …), or remove("${name}") first`,
  );
}
