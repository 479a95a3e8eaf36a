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

/** Revisions that new calls no longer get. */
interface Superseded {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  /** What calls run that were accepted for one of them. */
  readonly config: AgentConfig;
}

/** The agents of a pool, checked, in the order of registration. */
export class AgentRegistry implements AgentNames {
  readonly #agents = new Map<string, AgentConfig>();
  /** Replaced and removed agents, oldest first: calls that were accepted for them still run them. */
  #superseded: readonly Superseded[] = [];
  /** The options of each agent as they were given, without those of its class. */
  readonly #given = new WeakMap<AgentConfig, unknown>();
  readonly #discoveredFrom: string[] = [];
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
   * @param from - the directory or file in which they were discovered
   * @throws as {@link add}
   */
  addDiscovered(agents: readonly DiscoveredAgent[], from?: string): readonly AgentConfig[] {
    const configs = agents.map(({ name, agent, sourcePath }) =>
      this.#check(this.#freeName(name), agent, {}, sourcePath),
    );
    const names = configs.map((config) => config.name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw duplicate(twice);
    for (const config of configs) this.#agents.set(config.name, config);
    if (from !== undefined) this.#discoveredFrom.push(from);
    this.#onChange();
    return configs;
  }

  /** The directories and files in which agents were discovered. */
  get discoveredFrom(): readonly string[] {
    return this.#discoveredFrom;
  }

  /**
   * The configuration that a registered agent would have with another class, and the options that were given for it. A
   * name that is not registered gets those of its class alone. Nothing is registered.
   * @param revision - Default: the next one
   * @throws as {@link add}, but for a duplicate
   */
  prepare(
    name: string,
    agent: AgentClass | AgentFactory,
    { sourcePath, revision }: { sourcePath?: string | undefined; revision?: number } = {},
  ): AgentConfig {
    const known = this.#agents.get(name);
    const options = (known === undefined ? undefined : this.#given.get(known)) ?? {};
    const config = this.#check(checkAgentName(name), agent, options, sourcePath);
    if (revision === undefined || revision === config.revision) return config;
    const other = Object.freeze({ ...config, revision });
    this.#given.set(other, options);
    return other;
  }

  /**
   * Registers other code of agents, as {@link prepare} has made it: each in the place of the one of its name, or at the
   * end. Calls that were accepted for the one before run the new code as well, and so nothing keeps the old one in memory.
   */
  register(configs: readonly AgentConfig[]): void {
    for (const config of configs) {
      const replaced = this.#agents.get(config.name);
      if (replaced !== undefined) this.#supersede(replaced, config);
      this.#agents.set(config.name, config);
    }
    this.#onChange();
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

  /**
   * What a call runs that was accepted for a revision of an agent: that revision, or the one whose code has come in its
   * place. Undefined when this process does not have it, or no longer has it.
   */
  at(name: string, revision: number): AgentConfig | undefined {
    const current = this.#agents.get(name);
    if (current?.revision === revision) return current;
    return this.#superseded.find(
      (each) => each.name === name && each.first <= revision && revision <= each.last,
    )?.config;
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
    const config = Object.freeze({
      ...described,
      ...checkedOptions,
      name,
      revision: this.#nextRevision(name),
      agent: checkedAgent,
      ...(sourcePath === undefined ? {} : { sourcePath }),
    });
    this.#given.set(config, options);
    return config;
  }

  /** Continues after a removal: a call may still need an earlier agent of this name. */
  #nextRevision(name: string): number {
    const last =
      this.#agents.get(name)?.revision ??
      this.#superseded.findLast((each) => each.name === name)?.last;
    return last === undefined ? 0 : last + 1;
  }

  /** @param config - what calls run that were accepted for it, and for those in whose place its code had come */
  #supersede(agent: AgentConfig, config = agent): void {
    const { name, revision: last } = agent;
    const earlier = this.#superseded.find((each) => each.config === agent);
    const others = this.#superseded.filter((each) => each !== earlier);
    const first = earlier?.first ?? last;
    this.#superseded = [...others, { name, first, last, config }].slice(-MAX_KEPT_REVISIONS);
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
