import { llm, type voice } from '@livekit/agents';

import { OpenRtcError, messageOf } from '../base/errors.js';
import type { AgentConfig, AgentDefaults, ProviderValue } from '../agents/agent-options.js';
import type { PrewarmedCall } from '../call/call.js';
import { misfit, misfitOf } from '../agents/check-provider.js';
import { ownProvider } from './owned-providers.js';
import { shareProvider } from '../sdk/shared-provider.js';

type Kind = 'stt' | 'llm' | 'tts';

/** The providers of one call, as options of `AgentSession`. A kind that is not set anywhere is absent. */
export type SessionProviders = Pick<voice.AgentSessionOptions, Kind>;

/**
 * Finds the providers of a call. For each kind, the first of these that is set counts: the agent's own option, the one
 * in its `session`, the pool's default, the one in the default `session`. `null` means that there is no such provider.
 * A string is passed on unchanged, an object is shared by all calls, a factory is called once per call.
 * @throws OpenRtcError `SESSION_PROVIDER_FAILED` when a factory throws or returns something else than a provider
 */
export async function resolveProviders(
  config: AgentConfig,
  defaults: AgentDefaults,
  call: PrewarmedCall,
): Promise<SessionProviders> {
  const [stt, model, tts] = await Promise.all([
    build('stt', chosen('stt', config, defaults), call),
    build('llm', chosen('llm', config, defaults), call),
    build('tts', chosen('tts', config, defaults), call),
  ]);
  return {
    ...(stt === undefined ? {} : { stt }),
    ...(model === undefined ? {} : { llm: model }),
    ...(tts === undefined ? {} : { tts }),
  };
}

/** True for a realtime model, which has its own speech recognition and turn detection. */
export function isRealtime(model: unknown): model is llm.RealtimeModel {
  return model instanceof llm.RealtimeModel;
}

function chosen<K extends Kind>(kind: K, config: AgentConfig, defaults: AgentDefaults) {
  const candidates = [
    config[kind],
    config.session?.[kind],
    defaults[kind],
    defaults.session?.[kind],
  ];
  return candidates.find((value) => value !== undefined) as ProviderValue<K> | undefined;
}

async function build<K extends Kind>(
  kind: K,
  value: ProviderValue<K> | undefined,
  call: PrewarmedCall,
) {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'function') return shareProvider(value);
  const factory = `The ${kind} factory of agent '${call.agent}'`;
  let built: unknown;
  try {
    built = await value(call);
  } catch (cause) {
    throw failed(`${factory} threw: ${messageOf(cause)}`, cause);
  }
  // As in the options: no such provider.
  if (built === null) return undefined;
  const wrong = misfit(kind, built);
  if (wrong !== undefined)
    throw failed(`${factory} must return ${wrong.expected} or null, but returned ${wrong.got}`);
  return ownProvider(built as NonNullable<SessionProviders[K]>);
}

/**
 * Checks the providers that an agent brings itself.
 * @throws OpenRtcError `SESSION_PROVIDER_FAILED` when one is of a wrong class: the SDK would ignore it
 */
export function checkOwnProviders(agent: voice.Agent, name: string): void {
  const wrong = misfitOf(agent);
  if (wrong === undefined) return;
  throw failed(
    `The ${wrong.slot} of agent '${name}' must be ${wrong.expected}, but is ${wrong.got}`,
  );
}

function failed(message: string, cause?: unknown): OpenRtcError {
  return new OpenRtcError(
    'SESSION_PROVIDER_FAILED',
    message,
    cause === undefined ? undefined : { cause },
  );
}
