import { voice } from '@livekit/agents';

import { foreignSdk, isForeignAgent } from '../agents/agent-class.js';
import { misfitOf } from '../agents/check-provider.js';
import { OpenRtcError, messageOf } from '../base/errors.js';
import { isClass, kindOf } from '../base/kind-of.js';
import { agentIdOf, classOf, refuseHandOff } from './agent-owners.js';
import type { CurrentCall } from './current-call.js';

/*
 * The SDK notices an agent that cannot run only when the one before it is gone, or never: the caller would hear nothing
 * from then on. So it is looked at before.
 */

/**
 * Why an agent cannot take over a call. Undefined when it can, and is noted as an agent of that call. The error is
 * logged as well, because code that hands over may ignore what it catches.
 */
export function refuseTaker(agent: unknown, call: CurrentCall): OpenRtcError | undefined {
  const error = unfit(agent);
  // After unfit(), it is an agent.
  if (error === undefined) return refuseHandOff(agent as voice.Agent, call);
  call.logger.error({ code: error.code, agentId: agentIdOf(agent) }, error.message);
  return error;
}

/**
 * Checks an agent that is to take over, see {@link refuseTaker}.
 * @throws OpenRtcError when it cannot
 */
export function checkTaker(agent: unknown, call: CurrentCall): void {
  const refusal = refuseTaker(agent, call);
  if (refusal !== undefined) throw refusal;
}

function unfit(agent: unknown): OpenRtcError | undefined {
  try {
    if (!(agent instanceof voice.Agent)) return noAgent(agent);
    const { name } = classOf(agent);
    const wrong = misfitOf(agent);
    if (wrong !== undefined)
      return new OpenRtcError(
        'SESSION_PROVIDER_FAILED',
        `This ${name} cannot take over: its ${wrong.slot} must be ${wrong.expected}, but is ${wrong.got}.`,
      );
    // The SDK reads it when the agent before it is gone.
    void agent.id;
    return undefined;
  } catch (cause) {
    return new OpenRtcError(
      'SESSION_AGENT_FAILED',
      `The agent cannot take over: reading it failed: ${messageOf(cause)}`,
      { cause },
    );
  }
}

function noAgent(value: unknown): OpenRtcError {
  if (isForeignAgent(value)) return foreignSdk('the agent that is to take over');
  const { name } = isClass(value) ? (value as { readonly name: string }) : { name: '' };
  return new OpenRtcError(
    'SESSION_AGENT_FAILED',
    name === ''
      ? `A voice.Agent must take over, but ${kindOf(value)} came: pass an instance, such as new MyAgent(…).`
      : `The class ${name} cannot take over: pass an instance: new ${name}(…).`,
  );
}
