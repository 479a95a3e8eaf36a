import { voice } from '@livekit/agents';

import type { AgentConfig, AgentOptions } from '../agents/agent-options.js';
import { mergeOptions } from '../base/merge-options.js';
import { shareToolsetsOf } from '../sdk/shared-toolsets.js';
import { type SessionProviders, isRealtime } from './resolve-providers.js';
import type { SessionRuntime } from './session-runtime.js';
import { sessionVad } from './session-vad.js';
import { fallsBackToVad, turnHandling } from './turn-handling.js';

/** The parts from which an `AgentSession` is created. */
export interface SessionParts {
  /** The first agent of the call. */
  readonly agent: voice.Agent;
  /** The providers of the call. */
  readonly providers: SessionProviders;
  /** The configuration of the agent. */
  readonly config: AgentConfig;
  /** Everything that the sessions of this process share. */
  readonly runtime: SessionRuntime;
  /** Whether the agent receives audio from its caller. */
  readonly audioInput: boolean;
}

/** Creates the `AgentSession` of a call, with the options of its agent over the defaults of the pool. */
export function createSession({
  agent,
  providers,
  config,
  runtime,
  audioInput,
}: SessionParts): voice.AgentSession {
  const {
    stt: _stt,
    llm: _llm,
    tts: _tts,
    ...user
  } = sessionOptions(runtime.defaults.session, config.session);
  const realtime = isRealtime(agent.llm ?? providers.llm);
  const facts = { audioInput, realtime, turnDetector: runtime.models?.turnDetector ?? false };
  // Models that bring a VAD have logged why they serve no turn detector, or were told not to.
  if (fallsBackToVad(user.turnHandling, facts) && runtime.models?.vad === undefined) {
    runtime.warnOnce(
      'turns end by VAD alone: npm install @openrtc/prewarm for the turn detector, or set turnHandling.turnDetection',
    );
  }
  const vad = sessionVad(user.vad, facts, runtime.models);
  return new voice.AgentSession({
    ...user,
    ...(vad === undefined ? {} : { vad }),
    ...providers,
    turnHandling: turnHandling(user.turnHandling, facts),
  });
}

function sessionOptions(
  defaults: AgentOptions['session'] = {},
  own: AgentOptions['session'] = {},
): NonNullable<AgentOptions['session']> {
  const tools = own.tools ?? defaults.tools;
  shareToolsetsOf(tools);
  // An agent that names its tools means these and no others.
  return { ...mergeOptions(defaults, own), ...(tools === undefined ? {} : { tools }) };
}
