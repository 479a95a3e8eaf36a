import type { voice } from '@livekit/agents';
import { isDeepStrictEqual } from 'node:util';

import { isAgentClass } from '../agents/agent-class.js';
import type { AgentClass, AgentConfig } from '../agents/agent-options.js';
import { messageOf } from '../base/errors.js';
import type { PrewarmedCall } from '../call/call.js';
import { namedModels } from '../agents/option-changes.js';
import { type AgentModels, newModels, replacedModels } from '../sdk/agent-models.js';
import { type RenewedAgent, renewAgent } from '../sdk/renew-agent.js';
import { updateTools } from '../sdk/agent-tools.js';
import { toolsOnTrial } from '../sdk/tool-trial.js';
import { CodeTrial } from '../watch/code-trial.js';
import type { HookWatch } from '../watch/watch-hooks.js';

/** The code that agents get. */
export interface NewCode {
  /** The number of the change that brought it. */
  readonly generation: number;
  /** The class that has come in the place of another one: the same one if its code is the same, undefined if it is gone. */
  readonly successor: (agentClass: AgentClass) => AgentClass | undefined;
  /** The configuration of an agent; undefined when it was removed. */
  readonly agent: (name: string) => AgentConfig | undefined;
}

/** A call whose agents can get other code. */
export interface RenewableCall {
  readonly info: PrewarmedCall;
  /** The configuration of its first agent that it has now. */
  readonly config: AgentConfig;
  readonly hooks: HookWatch;
  /** Called when new code has failed in its first use, and the call has its old code back. */
  readonly onUndone: (part: string, error: unknown) => void;
  /** Called with what could not be changed and is not fatal. */
  readonly onWarning: (error: unknown, message: string) => void;
}

/** What has become of a call. */
export type Renewal =
  | { readonly result: 'renewed'; readonly why?: string }
  /** Its agents have the code they had: theirs has not changed. */
  | { readonly result: 'unchanged' }
  /** All of them have their old code. */
  | { readonly result: 'kept_old'; readonly why: string };

/** One agent of the call, renewed, and how it was. */
interface Change extends RenewedAgent {
  readonly agent: voice.Agent;
  readonly instructions: voice.Agent['instructions'];
  readonly tools: voice.Agent['toolCtx'];
  /** The models that it had in the place of new ones. */
  readonly replaced: AgentModels;
  /** The models that the new code brings. */
  readonly models: AgentModels;
}

/**
 * Gives the agents of a call the code they have now in their files: all of them or, when the constructor of one fails,
 * none. Call it when no turn is under way. The chat context, the user data, and the fields of the agents stay, and
 * `onEnter` does not run again.
 */
export function renewCall(call: RenewableCall, code: NewCode): Renewal {
  const { hooks, onUndone } = call;
  const changes: Change[] = [];
  const partly: string[] = [];
  const undoAll = () => {
    for (const change of changes.splice(0).toReversed()) {
      hooks.rewrap(change.agent, change.undo, undefined);
      const { instructions, replaced: models } = change;
      tell(call, change.agent, { instructions, models }, change.tools.tools);
    }
  };
  const trial = new CodeTrial((part, error) => {
    undoAll();
    onUndone(part, error);
  });
  const [first] = hooks.agents;
  const config = code.agent(call.info.agent) ?? call.config;
  const named = (agent: voice.Agent) => (agent === first ? namedModels(call.config, config) : {});
  for (const agent of hooks.agents) {
    const next =
      code.successor(agent.constructor as AgentClass) ??
      (agent === first ? sameFile(call.config, config) : undefined);
    if (next === undefined || next === agent.constructor) continue;
    const construct = constructorOf(agent, next, call, code);
    if (construct === undefined)
      partly.push(`${next.name}: its methods only, because its constructor has arguments`);
    const { instructions, toolCtx: tools } = agent;
    try {
      const renewed = hooks.rewrap(agent, () => renewAgent(agent, next, construct), trial);
      const { why, ...models } = newModels(agent, renewed.options?.models ?? {}, named(agent));
      if (why !== undefined) partly.push(`${next.name}: ${why}`);
      const replaced = replacedModels(agent, models);
      changes.push({ agent, instructions, tools, models, replaced, ...renewed });
    } catch (error) {
      trial.end();
      undoAll();
      return { result: 'kept_old', why: `${next.name}: ${messageOf(error)}` };
    }
  }
  for (const { agent, options, tools, models } of changes)
    if (options !== undefined)
      tell(
        call,
        agent,
        { ...options, models },
        toolsOnTrial(options.tools, tools.functionTools, trial),
      );
  if (changes.length === 0) return { result: 'unchanged' };
  return { result: 'renewed', ...(partly.length === 0 ? {} : { why: partly.join('; ') }) };
}

/**
 * The class that the file of an agent has now for it. It may have another name, or may not be exported, and so only the
 * file tells what has come in its place.
 */
function sameFile({ sourcePath }: AgentConfig, now: AgentConfig): AgentClass | undefined {
  const { agent } = now;
  return sourcePath !== undefined && sourcePath === now.sourcePath && isAgentClass(agent)
    ? agent
    : undefined;
}

/** Constructs the new class as it was constructed for this call; undefined when nobody knows how. */
function constructorOf(
  agent: voice.Agent,
  next: AgentClass,
  { info, hooks, onWarning }: RenewableCall,
  code: NewCode,
): (() => unknown) | undefined {
  const [first] = hooks.agents;
  const maker = agent === first ? code.agent(info.agent)?.agent : undefined;
  if (maker !== undefined && !isAgentClass(maker))
    return () => {
      // One that waits has not constructed the agent by now. What becomes of it later is of no use.
      Promise.resolve(maker(info)).catch((error: unknown) =>
        onWarning(error, 'the factory of the agent failed for the new code'),
      );
    };
  return next.length === 0 ? () => new next() : undefined;
}

/** Tells the session what the constructor of an agent says. */
function tell(
  { onWarning }: RenewableCall,
  agent: voice.Agent,
  { instructions, models }: Pick<Change, 'instructions' | 'models'>,
  tools: voice.Agent['toolCtx']['tools'],
): void {
  const told = [
    // Each change of the instructions is written to the history of the call.
    ...(isDeepStrictEqual(agent.instructions, instructions)
      ? []
      : [agent.updateInstructions(instructions)]),
    updateTools(agent, tools),
    ...(Object.keys(models).length === 0 ? [] : [agent.updateOptions(models)]),
  ];
  Promise.all(told).catch((error: unknown) =>
    onWarning(error, 'the session did not take the instructions, tools or models of the new code'),
  );
}
