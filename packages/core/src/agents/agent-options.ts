import type { JobContext, voice } from '@livekit/agents';

import type { MetadataValues, PrewarmedCall } from '../call/call.js';

/** The kinds of providers an agent can have. */
export type ProviderKind = 'stt' | 'llm' | 'tts';

/**
 * A provider: a model string, which LiveKit Inference resolves for each call; a provider object, which calls share;
 * or a factory that creates one for each call. `null`: no provider, even if the pool has a default.
 *
 * If a factory throws, the call fails with `SESSION_PROVIDER_FAILED`.
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
  /** Speech to text. Default: the pool's. Without one the agent does not understand speech. */
  stt?: ProviderValue<'stt', Prewarmed, Metadata>;
  /** The language model, or a realtime model. Default: the pool's. */
  llm?: ProviderValue<'llm', Prewarmed, Metadata>;
  /** Text to speech. Default: the pool's. Without one the agent only writes text. */
  tts?: ProviderValue<'tts', Prewarmed, Metadata>;
}

/** A greeting: a text that is spoken as it is, or instructions from which the model phrases one. */
export type Greeting = string | { readonly instructions: string };

/** The options of `AgentSession` that a pool passes on: those of the SDK, without deprecated ones and `userData`. */
export type SessionOptions<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> = Omit<
  voice.AgentSessionOptions,
  'turnDetection' | 'voiceOptions' | 'preemptiveGeneration' | 'stt' | 'llm' | 'tts' | 'userData'
> &
  ProviderOptions<Prewarmed, Metadata>;

/**
 * The options of the room's input that a pool passes on: those of the SDK. `noiseCancellation` may also be a factory that is
 * called once for each call. A frame processor needs one: it keeps the state of the voice it hears, and what a factory has
 * made is closed when the call ends. One that is given as an object is shared by all calls and stays open. `null`: none,
 * even if the pool has a default.
 *
 * If the factory throws, the call fails with `SESSION_PROVIDER_FAILED`.
 */
export type RoomInput<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> = Partial<Omit<voice.RoomInputOptions, 'noiseCancellation'>> & {
  noiseCancellation?:
    | NonNullable<voice.RoomInputOptions['noiseCancellation']>
    | ((
        call: PrewarmedCall<Prewarmed, Metadata>,
      ) =>
        | NonNullable<voice.RoomInputOptions['noiseCancellation']>
        | null
        | Promise<NonNullable<voice.RoomInputOptions['noiseCancellation']> | null>)
    | null;
};

/** A `voice.Agent` class whose constructor needs no arguments. */
export type AgentClass = new () => voice.Agent;

/**
 * Creates the agent of one call, for example with constructor arguments from the metadata or from
 * `call.prewarmed`. If it throws, the call fails with `SESSION_AGENT_FAILED`. It must return a new agent each time: for one
 * that another call has used, the call fails with `SESSION_AGENT_REUSED`.
 */
export type AgentFactory<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> = (call: PrewarmedCall<Prewarmed, Metadata>) => voice.Agent | Promise<voice.Agent>;

/** The options that are common to an agent and to the pool's `defaults`. */
export interface AgentDefaults<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> extends ProviderOptions<Prewarmed, Metadata> {
  /**
   * Said at the beginning of the call, after `onEnter` was called. `null`: no greeting, even if the pool has one.
   * Default: none.
   */
  greeting?: Greeting | null;
  /** Passed to the `AgentSession`. `stt`, `llm` and `tts` beside it take precedence over those in it. Default: none. */
  session?: SessionOptions<Prewarmed, Metadata>;
  /** Passed to `session.start()` as `inputOptions`. Default: none. */
  roomInput?: RoomInput<Prewarmed, Metadata>;
  /** Passed to `session.start()` as `outputOptions`. Default: none. */
  roomOutput?: Partial<voice.RoomOutputOptions>;
}

/**
 * The options of one agent. An option that is left out has the value of the pool's `defaults`. `UserData` is the type of
 * `session.userData`; it is inferred from {@link AgentOptions.userData} and {@link AgentOptions.setup}.
 */
export interface AgentOptions<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
  UserData = unknown,
> extends AgentDefaults<Prewarmed, Metadata> {
  /**
   * Uploads recordings to LiveKit Cloud. `true`: the audio and the transcript of each call, under its own ids. Traces
   * and logs are never uploaded, and `{ traces: true }` or `{ logs: true }` is an error: the SDK would export those
   * of the whole process under the ids of one call. Default: false, whatever the job says. The upload uses the
   * credentials of `LIVEKIT_API_KEY` and `LIVEKIT_API_SECRET`.
   */
  record?: NonNullable<Parameters<voice.AgentSession['start']>[0]['record']>;
  /**
   * Prepares each session of this agent, after the pool's `setup()`. What it returns becomes `session.userData`, unless
   * it returns nothing. Default: none.
   */
  setup?: (
    ctx: JobContext,
    session: voice.AgentSession<UserData>,
    call: PrewarmedCall<Prewarmed, Metadata>,
  ) => UserData | void | Promise<UserData | void>;
  /** Creates the `session.userData` of each call, before any `setup()`. Default: none. */
  userData?: (call: PrewarmedCall<Prewarmed, Metadata>) => UserData | Promise<UserData>;
}

/** One registered agent. */
export interface AgentConfig extends Readonly<AgentOptions> {
  /** The name by which calls are routed to it. */
  readonly name: string;
  /**
   * The revision of the agent: 0 for the first one under this name, and one more with each {@link AgentPool.replace}
   * or new registration under the same name.
   */
  readonly revision: number;
  /** The class or the factory. */
  readonly agent: AgentClass | AgentFactory;
  /** The absolute path of the file it was discovered in; absent for an agent that was added in code. */
  readonly sourcePath?: string;
}

/** The description of an agent class in its file: a name, and every option of `pool.add()`. See {@link agentConfig}. */
export interface AgentDiscoveryConfig<UserData = unknown> extends AgentOptions<
  Record<string, unknown>,
  MetadataValues,
  UserData
> {
  /** The name of the agent. Default: the name of the file without its extension. */
  name?: string;
}

/**
 * Prepares the session of one call, after the agent has joined the room and before the session starts: it can add
 * listeners, read the metadata, or start background audio. It runs where the session runs. Its return value becomes
 * `session.userData`. If it throws or takes longer than 10 s, the call fails with `SESSION_SETUP_FAILED`; also if it
 * starts the session, which OpenRTC does next, with the registered agent.
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
