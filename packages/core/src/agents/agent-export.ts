import { voice } from '@livekit/agents';

import { foreignSdk, isAgentClass, isForeignAgent } from './agent-class.js';
import type { AgentClass } from './agent-options.js';
import { readAgentConfig } from './agent-config.js';
import { isRecord } from '../base/kind-of.js';

/**
 * Chooses the agent class of a file: its default export if that is an agent class; otherwise the only agent class
 * marked with `agentConfig()`, or the only agent class at all.
 * @param exports - the namespace object of the module
 * @throws Error, which says how to fix the file
 */
export function chooseAgentClass(exports: unknown): AgentClass {
  const named: Readonly<Record<string, unknown>> = isRecord(exports) ? exports : {};
  if (isAgentClass(named.default)) return named.default;
  // A Set, because a class may be exported under two names.
  const classes = [...new Set(Object.values(named).filter(isAgentClass))];
  const marked = classes.filter((agentClass) => readAgentConfig(agentClass) !== undefined);
  const [only, ...others] = marked.length > 0 ? marked : classes;
  if (only === undefined) throw noAgentExported(named);
  if (others.length === 0) return only;
  const names = [only, ...others]
    .map((agentClass) => agentClass.name || 'a class without a name')
    .join(', ');
  throw new Error(
    marked.length > 0
      ? `it marks several agent classes with agentConfig() (${names}); put one agent in a file, or make one of them the default export`
      : `it exports several agent classes (${names}); make one the default export or mark it with agentConfig()`,
  );
}

function noAgentExported(named: Readonly<Record<string, unknown>>): Error {
  // The exports of a CommonJS module may be under `default`.
  const inner = isRecord(named.default) ? Object.values(named.default) : [];
  const values = [...Object.values(named), ...inner];
  if (values.some(isForeignAgent)) return foreignSdk('its agent class');
  if (values.some((value) => value instanceof voice.Agent)) {
    return new Error(
      'it exports an agent instance; export the class, so that each call gets an agent of its own',
    );
  }
  if (values.some(isDefinition)) {
    return new Error(
      'it exports defineAgent({ entry }), a program for LiveKit\'s own worker. Here a file exports a class: `export default class … extends voice.Agent`. What `entry` passes to `new voice.AgentSession({ … })` goes to agentConfig({ stt, llm, tts, session }), what it does before the session starts to `setup(ctx, session)`, its first words to `greeting`. Or start the name of the file with "_"',
    );
  }
  return new Error(
    'it exports no agent class: write `export default class … extends voice.Agent`, or start the name of a helper file with "_"',
  );
}

/** Whether it was made by `defineAgent()`, of any copy of the SDK. */
function isDefinition(value: unknown): boolean {
  return isRecord(value) && Symbol.for('livekit.agents.AgentDefinition') in value;
}
