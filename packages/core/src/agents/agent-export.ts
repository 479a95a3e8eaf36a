import { voice } from '@livekit/agents';

import { foreignSdk, isAgentClass, isForeignAgent } from './agent-class.js';
import type { AgentClass } from './agent-options.js';
import { readAgentConfig } from './agent-config.js';
import { isRecord } from '../base/kind-of.js';

/**
 * The one agent of a file: its default export when that is an agent class, else the only agent class
 * it exports, else the only one of them marked with `agentConfig()`.
 * @param exports - the module's namespace object
 * @throws an Error that says how to mend the file
 */
export function chooseAgentClass(exports: unknown): AgentClass {
  const named: Readonly<Record<string, unknown>> = isRecord(exports) ? exports : {};
  if (isAgentClass(named.default)) return named.default;
  // A Set, for a class may be exported under two names.
  const classes = [...new Set(Object.values(named).filter(isAgentClass))];
  const marked = classes.filter((agentClass) => readAgentConfig(agentClass) !== undefined);
  const [only, ...others] = marked.length > 0 ? marked : classes;
  if (only === undefined) throw nothingExported(named);
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

function nothingExported(named: Readonly<Record<string, unknown>>): Error {
  // The import of a CommonJS module may hold its exports under `default`.
  const inner = isRecord(named.default) ? Object.values(named.default) : [];
  const values = [...Object.values(named), ...inner];
  if (values.some(isForeignAgent)) return foreignSdk('its agent class');
  if (values.some((value) => value instanceof voice.Agent)) {
    return new Error(
      'it exports an agent instance; export the class, so that each call gets an agent of its own',
    );
  }
  return new Error(
    'it exports no agent class: write `export default class … extends voice.Agent`, or begin the name of a helper file with "_"',
  );
}
