import type { voice } from '@livekit/agents';

import { OpenRtcError } from '../base/errors.js';
import type { AgentDiscoveryConfig } from './agent-options.js';
import { checkDiscoveryConfig } from './check-agent-options.js';
import { checkAgentName } from './agent-name.js';
import { kindOf } from '../base/kind-of.js';

// Registered, so that a second installed copy of OpenRTC finds it too.
const AGENT_CONFIG = Symbol.for('@openrtc/core:agent-config');

/** A class `agentConfig()` can describe: any agent class, whatever its constructor takes. */
export type ConfigurableAgentClass = abstract new (...args: never[]) => voice.Agent;

/** Describes a class and returns it unchanged: a class decorator, standard or legacy. */
export type AgentConfigDecorator = <Class extends ConfigurableAgentClass>(
  agentClass: Class,
  context?: unknown,
) => Class;

/**
 * What the pool should know about an agent class: its name for `discover()`, its providers, its
 * greeting. What `pool.add()` is given wins over it. A subclass does not inherit it.
 *
 * As a decorator: `@agentConfig({ name: 'sales' }) class Sales extends voice.Agent {…}`. Without
 * decorators: `export default agentConfig({ name: 'sales' }, class extends voice.Agent {…})`.
 *
 * @throws CONFIG_INVALID_OPTION or CONFIG_INVALID_NAME for the config, CONFIG_NOT_AN_AGENT for what is
 * not a class.
 */
export function agentConfig(config: AgentDiscoveryConfig): AgentConfigDecorator;
export function agentConfig<Class extends ConfigurableAgentClass>(
  config: AgentDiscoveryConfig,
  agentClass: Class,
): Class;
export function agentConfig<Class extends ConfigurableAgentClass>(
  config: AgentDiscoveryConfig,
  agentClass?: Class,
): Class | AgentConfigDecorator {
  if (typeof config === 'function') {
    throw new OpenRtcError(
      'CONFIG_INVALID_OPTION',
      'agentConfig: call it with the config first: @agentConfig({ name: "…" })',
    );
  }
  const checked = checkDiscoveryConfig('agentConfig', config);
  const stored = Object.freeze(
    checked.name === undefined ? checked : { ...checked, name: checkAgentName(checked.name) },
  );
  const describe: AgentConfigDecorator = (target) => {
    if (typeof target !== 'function') {
      throw new OpenRtcError(
        'CONFIG_NOT_AN_AGENT',
        `agentConfig: it describes a class, got ${kindOf(target)}`,
      );
    }
    Object.defineProperty(target, AGENT_CONFIG, { value: stored, configurable: true });
    return target;
  };
  return agentClass === undefined ? describe : describe(agentClass);
}

/** What {@link agentConfig} said about this very class, not about one it extends. */
export function readAgentConfig(agent: object): AgentDiscoveryConfig | undefined {
  const own = Object.getOwnPropertyDescriptor(agent, AGENT_CONFIG);
  return own?.value as AgentDiscoveryConfig | undefined;
}
