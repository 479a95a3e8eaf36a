import type { voice } from '@livekit/agents';

import { OpenRtcError } from '../base/errors.js';
import { type CurrentCall, currentCall } from './current-call.js';

/*
 * An agent keeps its conversation, and whatever its class keeps. In LiveKit's own worker it ends with the process of its
 * job. Here the process goes on, so an instance that two calls use, such as one at module level, would take the words of
 * one caller to the next. Nobody can copy an agent of any class, so each instance belongs to the first call that uses it.
 */

// The references are weak, because an instance at module level lives as long as the process.
const owners = new WeakMap<object, WeakRef<CurrentCall>>();
const calls = new WeakMap<object, CurrentCall>();

/** Says which call a session belongs to, also for code that runs outside of that call. */
export function setCallOf(session: voice.AgentSession, call: CurrentCall): void {
  calls.set(session, call);
}

/** The call that a session belongs to, if any is known. */
export function knownCallOf(session: object): CurrentCall | undefined {
  return calls.get(session);
}

/** The call that has used an agent. Undefined when none has, or when it is gone. */
export function ownerOf(agent: object): CurrentCall | undefined {
  return owners.get(agent)?.deref();
}

/** The call that a session belongs to: the one it was given to, or else the first whose code uses it. */
export function callOf(session: voice.AgentSession): CurrentCall | undefined {
  const call = calls.get(session) ?? currentCall();
  if (call !== undefined) calls.set(session, call);
  return call;
}

/**
 * Notes that a call uses an agent. An agent that a call has used may be used by that call again.
 * @returns false when another call has used it, even if that one has ended
 */
export function claimAgent(agent: voice.Agent, call: CurrentCall): boolean {
  const owner = owners.get(agent);
  if (owner !== undefined) return owner.deref() === call;
  owners.set(agent, new WeakRef(call));
  return true;
}

/**
 * Notes that an agent takes over a call.
 * @throws OpenRtcError `SESSION_AGENT_REUSED` when another call has used it. That is logged as well, because code that
 * hands over may ignore what it catches.
 */
export function claimForHandOff(agent: voice.Agent, call: CurrentCall): void {
  const refusal = refuseHandOff(agent, call);
  if (refusal !== undefined) throw refusal;
}

/** The same as {@link claimForHandOff}, but it returns the error. */
export function refuseHandOff(agent: voice.Agent, call: CurrentCall): OpenRtcError | undefined {
  if (claimAgent(agent, call)) return undefined;
  const { name, make } = classOf(agent);
  const error = new OpenRtcError(
    'SESSION_AGENT_REUSED',
    `This ${name} cannot take over: another call has used this instance, and it keeps the conversation of that call. ` +
      'Construct it where you hand over, in the tool or hook, so that each call has its own: ' +
      `llm.handoff({ agent: ${make} })`,
  );
  call.logger.error(
    { code: error.code, agentClass: name, agentId: agentIdOf(agent) },
    error.message,
  );
  return error;
}

/** The id of an agent, for a log line: undefined when it has none, or when reading it throws. */
export function agentIdOf(agent: unknown): unknown {
  try {
    return (agent as { readonly id?: unknown } | null | undefined)?.id;
  } catch {
    // Whoever needs it for more than a line gets the error from the getter itself.
    return undefined;
  }
}

/** The name of the class of an agent, and code that makes one, for messages. */
export function classOf(agent: object): { readonly name: string; readonly make: string } {
  const { constructor } = agent as { readonly constructor?: { readonly name?: unknown } };
  const name = typeof constructor?.name === 'string' ? constructor.name : '';
  // The SDK's own names for what `create()` returns.
  if (name === 'AgentV2') return { name: 'voice.Agent', make: 'voice.Agent.create({…})' };
  if (name === 'AgentTaskV2')
    return { name: 'voice.AgentTask', make: 'voice.AgentTask.create({…})' };
  return { name: name || 'agent', make: `new ${name || 'MyAgent'}(…)` };
}
