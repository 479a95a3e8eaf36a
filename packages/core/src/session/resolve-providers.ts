import { llm, type voice } from '@livekit/agents';

import { OpenRtcError, messageOf } from '../base/errors.js';
import type { AgentConfig, AgentDefaults, ProviderValue } from '../agents/agent-options.js';
import type { PrewarmedCall } from '../call/call.js';
import { ownProvider } from './owned-providers.js';
import { shareProvider } from '../sdk/shared-provider.js';

type Kind = 'stt' | 'llm' | 'tts';

/** The providers of one call, as options of `AgentSession`. A kind that is not set anywhere is absent. */
export type SessionProviders = Pick<voice.AgentSessionOptions, Kind>;

/**
 * Finds the providers of a call. For each kind, the first of these that is set counts: the agent's own option, the one
 * in its `session`, the pool's default, the one in the default `session`. `null` means that there is no such provider.
 * A string is passed on unchanged, an object is shared by all calls, a factory is called once per call.
 * @throws OpenRtcError `SESSION_PROVIDER_FAILED` when a factory throws
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
  try {
    return ownProvider(await value(call));
  } catch (cause) {
    throw new OpenRtcError(
      'SESSION_PROVIDER_FAILED',
      `The ${kind} factory of agent '${call.agent}' threw: ${messageOf(cause)}`,
      { cause },
    );
  }
}
