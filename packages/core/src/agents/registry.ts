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

/** The agents of a pool, in the order of their registration. What it holds has been checked. */
export class AgentRegistry implements AgentNames {
  readonly #agents = new Map<string, AgentConfig>();
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
    const config = this.#check(name, agent, options, sourcePath);
    this.#agents.set(config.name, config);
    this.#onChange();
    return config;
  }

  /** Registers all of them or, when one cannot be, none. Throws as {@link add}. */
  addDiscovered(agents: readonly DiscoveredAgent[]): readonly AgentConfig[] {
    const configs = agents.map(({ name, agent, sourcePath }) =>
      this.#check(name, agent, {}, sourcePath),
    );
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

  /**
   * Takes an agent out: new calls no longer find it. Returns what was registered.
   * @throws CONFIG_UNKNOWN_AGENT
   */
  remove(name: string): AgentConfig {
    const config = this.get(name);
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

  /** Calls `onChange` after agents came or went, in the same tick; only the last watcher is told. */
  watch(onChange: () => void): void {
    this.#onChange = onChange;
  }

  #check(
    name: unknown,
    agent: unknown,
    options: unknown,
    sourcePath: string | undefined,
  ): AgentConfig {
    const checkedName = checkAgentName(name);
    if (this.#agents.has(checkedName)) throw duplicate(checkedName);
    const checkedAgent = checkAgent(checkedName, agent);
    const checkedOptions = checkAgentOptions(`agent "${checkedName}"`, options);
    const { name: _discoveryName, ...described } = readAgentConfig(checkedAgent) ?? {};
    return Object.freeze({
      ...described,
      ...checkedOptions,
      name: checkedName,
      agent: checkedAgent,
      ...(sourcePath === undefined ? {} : { sourcePath }),
    });
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
