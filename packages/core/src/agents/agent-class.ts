import { voice } from '@livekit/agents';

import { OpenRtcError } from '../base/errors.js';
import type { AgentClass, AgentFactory } from './agent-options.js';
import { isClass, kindOf } from '../base/kind-of.js';

// Own methods of voice.Agent.prototype. Only the Agent class of some copy of the SDK has all of them.
const AGENT_METHODS = ['onEnter', 'onExit', 'llmNode', 'sttNode', 'ttsNode'];

/** True for a class that extends `voice.Agent` of the copy of `@livekit/agents` that OpenRTC uses. */
export function isAgentClass(value: unknown): value is AgentClass {
  return typeof value === 'function' && value.prototype instanceof voice.Agent;
}

/**
 * True for a class or an instance of `Agent` of another copy of `@livekit/agents`: its CommonJS build beside the
 * ESM one, or a second installed version.
 */
export function isForeignAgent(value: unknown): boolean {
  const start: unknown = typeof value === 'function' ? value.prototype : value;
  if (typeof start !== 'object' || start === null || start instanceof voice.Agent) return false;
  if (start === voice.Agent.prototype) return false;
  for (
    let proto: unknown = start;
    typeof proto === 'object' && proto !== null;
    proto = Object.getPrototypeOf(proto)
  ) {
    const methods = Object.getOwnPropertyDescriptors(proto) as Record<string, PropertyDescriptor>;
    if (AGENT_METHODS.every((method) => typeof methods[method]?.value === 'function')) return true;
  }
  return false;
}

/**
 * Checks that the pool can build an agent for each call from `agent`: a class or a factory. Returns it.
 * @throws CONFIG_NOT_AN_AGENT or CONFIG_FOREIGN_SDK. The message says what to pass instead.
 */
export function checkAgent(name: string, agent: unknown): AgentClass | AgentFactory {
  if (isForeignAgent(agent)) throw foreignSdk(`agent "${name}"`);
  if (agent instanceof voice.Agent) {
    throw notAnAgent(
      name,
      'it is an instance, but one instance cannot serve many calls; pass its class, or a factory: () => new MyAgent(…)',
    );
  }
  if (agent === voice.Agent) {
    throw notAnAgent(
      name,
      'it is voice.Agent itself; pass a class that extends it, or a factory: () => voice.Agent.create({…})',
    );
  }
  if (isAgentClass(agent)) {
    if (agent.length > 0) {
      throw notAnAgent(
        name,
        `the constructor of ${agent.name || 'its class'} needs arguments, but the pool has none to pass; pass a factory: (call) => new ${agent.name || 'MyAgent'}(…)`,
      );
    }
    return agent;
  }
  if (isClass(agent)) {
    throw notAnAgent(
      name,
      `the class ${(agent as { name: string }).name} does not extend voice.Agent of @livekit/agents`,
    );
  }
  if (typeof agent === 'function') return agent as AgentFactory;
  throw notAnAgent(
    name,
    `pass a class that extends voice.Agent, or a factory; got ${kindOf(agent)}`,
  );
}

/** The error for an agent of another copy of the SDK, see {@link isForeignAgent}. `what` begins its message. */
export function foreignSdk(what: string): OpenRtcError {
  return new OpenRtcError(
    'CONFIG_FOREIGN_SDK',
    `${what} comes from another copy of @livekit/agents. Its ESM and CommonJS builds cannot be mixed, and neither can ` +
      'two installed versions: each has its own classes and its own job context. Load it with `import`, not `require` ' +
      '("type": "module" in package.json, or an .mjs/.mts file), and check that `npm ls @livekit/agents` shows one version',
  );
}

function notAnAgent(name: string, why: string): OpenRtcError {
  return new OpenRtcError('CONFIG_NOT_AN_AGENT', `agent "${name}": ${why}`);
}
