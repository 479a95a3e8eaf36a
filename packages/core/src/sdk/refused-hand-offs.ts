import { llm, voice } from '@livekit/agents';

import type { OpenRtcError } from '../base/errors.js';
import { callOf, claimForHandOff } from './agent-owners.js';
import { checkTaker, refuseTaker } from './agents-to-take-over.js';
import { currentCall } from './current-call.js';
import { type Replacement, type Method, replaceMethods } from './replace-method.js';
import type { ProcessPatch } from './sdk-patch.js';

/** The method is asynchronous, so that its caller expects a rejection and no throw. */
const REJECTS = true;

/** Refuses agents that cannot run, and those that another call has used, wherever the SDK is given an agent that takes over. */
export const refusedHandOffsPatch: ProcessPatch = {
  scope: 'process',
  name: 'refused-hand-offs',
  why: 'The SDK lets an agent take over with the conversation of another call, or one that cannot answer, and drops a hand-off to one that is busy elsewhere.',
  versions: '@livekit/agents 1.9',
  apply: (logger) => {
    const session = voice.AgentSession.prototype;
    return replaceMethods(logger, 'an agent that cannot take over may not be noticed', [
      { owner: session, name: 'updateAgent', replace: before(checkNext) },
      { owner: session, name: '_updateActivity', replace: before(claimTaker, REJECTS) },
      // This comes for each agent that takes over, after its activity is made and before that starts.
      { owner: session, name: '_conversationItemAdded', replace: before(checkToolResults) },
      // The SDK refuses a second run of a task as well. What it says is of no help if the first was in another call.
      { owner: voice.AgentTask.prototype, name: 'run', replace: before(checkTask, REJECTS) },
    ]);
  },
};

const refusals = new WeakMap<object, OpenRtcError>();

/** Why a hand-off by a tool was refused. Undefined for the output of a tool that failed for another reason. */
export function refusalOf(output: llm.FunctionCallOutput): OpenRtcError | undefined {
  return refusals.get(output);
}

/** Is called before a method, with its object and its first argument. What it throws, the method throws. */
type Check<Owner> = (owner: Owner, first: unknown) => void;

function before<Owner>(check: Check<Owner>, rejects = false): Replacement['replace'] {
  return (method) => {
    const checked = function (this: Owner, ...args: unknown[]): unknown {
      check(this, args[0]);
      return Reflect.apply(method, this, args);
    };
    return rejects ? rejecting(checked) : checked;
  };
}

/** The same method, which rejects where it would throw. */
function rejecting(method: Method): Method {
  return async function (this: unknown, ...args) {
    return Reflect.apply(method, this, args);
  };
}

function checkTask(task: voice.AgentTask<unknown>): void {
  const call = currentCall();
  if (call !== undefined) checkTaker(task, call);
}

function checkNext(session: voice.AgentSession, agent: unknown): void {
  const call = callOf(session);
  if (call !== undefined) checkTaker(agent, call);
}

// This comes for the first agent and for one that goes on as well.
function claimTaker(session: voice.AgentSession, agent: unknown): void {
  const call = callOf(session);
  if (call !== undefined) claimForHandOff(agent as voice.Agent, call);
}

/** The result of one tool, before the SDK sums them up. */
interface ToolResult {
  agentTask?: unknown;
  replyRequired: boolean;
  readonly toolCallOutput?: llm.FunctionCallOutput;
  /** What the tool has returned. */
  readonly rawOutput?: unknown;
}

/** The SDK does not export the class of an activity, so each one is changed, and nothing has to be undone. */
interface Activity {
  summarizeToolExecutionOutput?: (
    results: { readonly output: readonly ToolResult[] },
    ...rest: unknown[]
  ) => unknown;
}

const checked = new WeakSet<Activity>();

/**
 * Makes a hand-off that is refused the failure of its tool, for the model and for the events of the session. The SDK
 * hands over only after it has told the model that the tool is done.
 */
function checkToolResults(session: voice.AgentSession): void {
  const { activity } = session as unknown as { readonly activity?: Activity };
  const sumUp = activity?.summarizeToolExecutionOutput;
  if (activity === undefined || checked.has(activity)) return;
  checked.add(activity);
  if (typeof sumUp !== 'function') {
    callOf(session)?.logger.warn(
      {},
      'unknown version of @livekit/agents: the model is not told when a hand-off is refused',
    );
    return;
  }
  activity.summarizeToolExecutionOutput = (results, ...rest) => {
    for (const result of results.output) refuse(result, session);
    return Reflect.apply(sumUp, activity, [results, ...rest]);
  };
}

function refuse(result: ToolResult, session: voice.AgentSession): void {
  const { agentTask, toolCallOutput, rawOutput } = result;
  const call = callOf(session);
  if (toolCallOutput === undefined || call === undefined) return;
  if (agentTask === undefined && !isEmptyHandOff(rawOutput)) return;
  const refusal = refuseTaker(agentTask, call);
  if (refusal === undefined) return;
  refusals.set(toolCallOutput, refusal);
  // As for any tool that throws, the model is not told why. The object is in the events of the run already.
  toolCallOutput.output = 'The hand-off failed: an internal error occurred.';
  toolCallOutput.isError = true;
  result.agentTask = undefined;
  // A hand-off without an output asks for no reply: the caller would hear nothing.
  result.replyRequired = true;
}

/** Whether a tool has returned a hand-off to undefined. The SDK does not export its own test. */
function isEmptyHandOff(output: unknown): boolean {
  if (typeof output !== 'object' || output === null) return false;
  const marks = Object.getOwnPropertySymbols(llm.handoff({ agent: undefined as never }));
  return marks.length > 0 && marks.every((mark) => Reflect.get(output, mark) === true);
}
