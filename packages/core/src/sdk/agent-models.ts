import { llm, type voice } from '@livekit/agents';

/** The models that the SDK can change while an agent runs. */
export type AgentModels = Pick<voice.AgentUpdateOptions, 'stt' | 'llm' | 'tts'>;

const KINDS = ['stt', 'llm', 'tts'] as const satisfies readonly (keyof AgentModels)[];

/** The models that the constructor of an agent has given to the SDK; undefined: those of the session. */
export function modelsOf({ _stt, _llm, _tts }: voice.Agent): AgentModels {
  return {
    ...(_stt === undefined ? {} : { stt: _stt }),
    ...(_llm === undefined ? {} : { llm: _llm }),
    ...(_tts === undefined ? {} : { tts: _tts }),
  };
}

/**
 * What has to be passed to `agent.updateOptions()`, so that a running agent has the models of its new code. A model is
 * changed when it is of another class, provider or name: its other settings cannot be read.
 * @param built - those that the constructor of the new code has built
 * @param named - those that the options of the agent name now, and did not before
 */
export function newModels(
  live: voice.Agent,
  built: AgentModels,
  named: AgentModels,
): AgentModels & { readonly why?: string } {
  const changed: Record<string, unknown> = {};
  const now = modelsOf(live);
  for (const kind of KINDS) {
    const next = built[kind] === undefined ? named[kind] : built[kind];
    if (next !== undefined && !isSame(now[kind], next)) changed[kind] = next;
  }
  const realtime = [now.llm, sessionOf(live)?.llm, changed['llm']].find(isRealtime);
  if (changed['llm'] === undefined || realtime === undefined) return changed;
  delete changed['llm'];
  return { ...changed, why: 'a realtime model stays until the end of the call' };
}

/** The models that a change replaces, to be passed to `agent.updateOptions()` when it is undone. */
export function replacedModels(live: voice.Agent, changed: AgentModels): AgentModels {
  const session = sessionOf(live);
  const before: Record<string, unknown> = {};
  for (const kind of KINDS)
    if (changed[kind] !== undefined) before[kind] = modelsOf(live)[kind] ?? session?.[kind] ?? null;
  return before;
}

/** The session that an agent is active in. One that has handed over has none, and `agent.session` would throw. */
function sessionOf({ _agentActivity }: voice.Agent): voice.AgentSession | undefined {
  return _agentActivity?.agentSession;
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || (isModel(one) && isModel(other) && nameOf(one) === nameOf(other));
}

function isModel(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function nameOf(model: object): string {
  const { provider, model: name } = model as { provider?: unknown; model?: unknown };
  return [model.constructor.name, provider, name].join(' ');
}

function isRealtime(value: unknown): boolean {
  return value instanceof llm.RealtimeModel;
}
