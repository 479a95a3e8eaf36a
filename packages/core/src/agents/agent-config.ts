import type { voice } from '@livekit/agents';

import { OpenRtcError } from '../base/errors.js';
import type { AgentDiscoveryConfig } from './agent-options.js';
import { checkDiscoveryConfig } from './check-agent-options.js';
import { checkAgentName } from './agent-name.js';
import { kindOf } from '../base/kind-of.js';

// In the global symbol registry, so that a second installed copy of OpenRTC finds it too.
const AGENT_CONFIG = Symbol.for('@openrtc/core:agent-config');

/** A class that `agentConfig()` can describe: any agent class, whatever the arguments of its constructor. */
export type ConfigurableAgentClass = abstract new (...args: never[]) => voice.Agent;

/** A class decorator, standard or legacy: it describes a class and returns it unchanged. */
export type AgentConfigDecorator = <Class extends ConfigurableAgentClass>(
  agentClass: Class,
  context?: unknown,
) => Class;

/**
 * Describes an agent class to the pool: its name for `discover()`, and every option of `pool.add()`. Options passed to
 * `pool.add()` take precedence. A subclass does not inherit the description.
 *
 * As a decorator: `@agentConfig({ name: 'sales' }) class Sales extends voice.Agent {…}`. Without
 * decorators: `export default agentConfig({ name: 'sales' }, class extends voice.Agent {…})`.
 *
 * @throws CONFIG_INVALID_OPTION or CONFIG_INVALID_NAME for an invalid config, CONFIG_NOT_AN_AGENT when the target is
 * not a class.
 */
export function agentConfig<UserData = unknown>(
  config: AgentDiscoveryConfig<UserData>,
): AgentConfigDecorator;
/** The same for a class that is given, which it returns. */
export function agentConfig<Class extends ConfigurableAgentClass, UserData = unknown>(
  config: AgentDiscoveryConfig<UserData>,
  agentClass: Class,
): Class;
export function agentConfig<Class extends ConfigurableAgentClass, UserData = unknown>(
  config: AgentDiscoveryConfig<UserData>,
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
        `agentConfig: it must describe a class, got ${kindOf(target)}`,
      );
    }
    Object.defineProperty(target, AGENT_CONFIG, { value: stored, configurable: true });
    return target;
  };
  return agentClass === undefined ? describe : describe(agentClass);
}

/** The description that {@link agentConfig} gave to this class, not to a class it extends; undefined without one. */
export function readAgentConfig(agent: object): AgentDiscoveryConfig | undefined {
  const own = Object.getOwnPropertyDescriptor(agent, AGENT_CONFIG);
  return own?.value as AgentDiscoveryConfig | undefined;
}
