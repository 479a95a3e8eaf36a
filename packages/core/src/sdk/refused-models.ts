import { voice } from '@livekit/agents';

import { misfitOf } from '../agents/check-provider.js';
import { OpenRtcError } from '../base/errors.js';
import { classOf, ownerOf } from './agent-owners.js';
import { currentCall } from './current-call.js';
import { replaceMethods } from './replace-method.js';
import type { ProcessPatch } from './sdk-patch.js';

/** Refuses providers of a wrong kind, where code gives new ones to an agent that runs. */
export const refusedModelsPatch: ProcessPatch = {
  scope: 'process',
  name: 'refused-models',
  why: 'The SDK takes whatever Agent.updateOptions() is given, and ignores a provider of no class it knows: the call would be mute.',
  versions: '@livekit/agents 1.9',
  apply: (logger) =>
    replaceMethods(logger, 'providers given to updateOptions() are not checked', [
      {
        owner: voice.Agent.prototype,
        name: 'updateOptions',
        // It rejects and does not throw, as the method itself.
        replace: (updateOptions) =>
          async function (this: voice.Agent, ...args: unknown[]): Promise<unknown> {
            check(this, args[0]);
            return Reflect.apply(updateOptions, this, args);
          },
      },
    ]),
};

function check(agent: voice.Agent, options: unknown): void {
  if (typeof options !== 'object' || options === null) return;
  const wrong = misfitOf(options);
  if (wrong === undefined) return;
  const { name } = classOf(agent);
  const error = new OpenRtcError(
    'SESSION_PROVIDER_FAILED',
    `${name}.updateOptions() changed nothing: ${wrong.slot} must be ${wrong.expected} or null, but is ${wrong.got}.`,
  );
  // Logged as well, because its caller may ignore what it catches.
  const call = ownerOf(agent) ?? currentCall();
  call?.logger.error({ code: error.code, agentClass: name }, error.message);
  throw error;
}
