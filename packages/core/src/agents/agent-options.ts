import type { JobContext, voice } from '@livekit/agents';

import type { MetadataValues, PrewarmedCall } from '../call/call.js';

type ProviderKind = 'stt' | 'llm' | 'tts';

/**
 * A provider: a model string (LiveKit Inference resolves it for each call), a ready object (every call that uses it
 * shares it), or a factory that builds one per call. `null` opts out of the pool's default.
 *
 * A factory that throws fails the call with `SESSION_PROVIDER_FAILED`.
 */
export type ProviderValue<
  Kind extends ProviderKind = ProviderKind,
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> =
  | NonNullable<voice.AgentSessionOptions[Kind]>
  | ((
      call: PrewarmedCall<Prewarmed, Metadata>,
    ) =>
      | NonNullable<voice.AgentSessionOptions[Kind]>
      | Promise<NonNullable<voice.AgentSessionOptions[Kind]>>)
  | null;

/** The providers of an agent or of the pool, by kind. */
export interface ProviderOptions<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> {
  /** Speech to text. Default: the pool's; without one the agent hears nothing. */
  stt?: ProviderValue<'stt', Prewarmed, Metadata>;
  /** The language model, or a realtime model. Default: the pool's. */
  llm?: ProviderValue<'llm', Prewarmed, Metadata>;
  /** Text to speech. Default: the pool's; without one the agent only writes. */
  tts?: ProviderValue<'tts', Prewarmed, Metadata>;
}

/** Spoken as written, or phrased by the model from instructions. */
export type Greeting = string | { readonly instructions: string };

/** `AgentSession` options that a pool passes on: those of the SDK without its deprecated ones. */
export type SessionOptions<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> = Omit<
  voice.AgentSessionOptions,
  'turnDetection' | 'voiceOptions' | 'preemptiveGeneration' | 'stt' | 'llm' | 'tts' | 'userData'
> &
  ProviderOptions<Prewarmed, Metadata>;

/** A `voice.Agent` class whose constructor needs no arguments. */
export type AgentClass = new () => voice.Agent;

/**
 * Builds the agent of one call, for example with constructor arguments taken from the metadata or from
 * `call.prewarmed`. A throw fails the call with `SESSION_AGENT_FAILED`.
 */
export type AgentFactory<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> = (call: PrewarmedCall<Prewarmed, Metadata>) => voice.Agent | Promise<voice.Agent>;

/** The options an agent and the pool's `defaults` share. */
export interface AgentDefaults<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> extends ProviderOptions<Prewarmed, Metadata> {
  /** Said when the call begins, after `onEnter` was called. `null` opts out of the pool's. Default: none. */
  greeting?: Greeting | null;
  /** Passed to the `AgentSession`; `stt`, `llm`, `tts` beside it win over those in it. */
  session?: SessionOptions<Prewarmed, Metadata>;
  /** Passed to `session.start()` as `inputOptions`. */
  roomInput?: Partial<voice.RoomInputOptions>;
  /** Passed to `session.start()` as `outputOptions`. */
  roomOutput?: Partial<voice.RoomOutputOptions>;
}

/** Options of one agent. Each one that is left out falls back to the pool's `defaults`. */
export interface AgentOptions<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> extends AgentDefaults<Prewarmed, Metadata> {
  /**
   * Uploads recordings to LiveKit Cloud: `true` uploads audio and transcript of each call, under its own ids.
   * Traces and logs are never recorded, and `{ traces: true }` or `{ logs: true }` is refused, because
   * the SDK exports those of a whole process under one call's ids. Default: false, whatever the job says.
   * The upload takes its credentials from `LIVEKIT_API_KEY` and `LIVEKIT_API_SECRET`.
   */
  record?: NonNullable<Parameters<voice.AgentSession['start']>[0]['record']>;
}

/** One registered agent. */
export interface AgentConfig extends Readonly<AgentOptions> {
  /** The name calls find it by. */
  readonly name: string;
  /**
   * Which version of the agent this is: 0 for the one that was added first, one more with each
   * {@link AgentPool.replace} or re-registration under the same name.
   */
  readonly revision: number;
  readonly agent: AgentClass | AgentFactory;
  /** Absolute path of the file it was discovered in; absent for an agent that was added in code. */
  readonly sourcePath?: string;
}

/** Options a file in an agents directory may give its agent, see {@link agentConfig}. */
export interface AgentDiscoveryConfig extends ProviderOptions {
  /** Default: the file's name without its extension. */
  name?: string;
  /** Said when the call begins; `null` opts out of the pool's. Default: the pool's. */
  greeting?: Greeting | null;
}

/**
 * Runs where the session is, after the room was joined and before the session starts: add listeners,
 * read the metadata, start background audio. Its return value becomes `session.userData`.
 * Time box: 10 s. A throw fails the call with `SESSION_SETUP_FAILED`.
 */
export type SessionSetup<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
  UserData = unknown,
> = (
  ctx: JobContext,
  session: voice.AgentSession<UserData>,
  call: PrewarmedCall<Prewarmed, Metadata>,
) => UserData | Promise<UserData>;
