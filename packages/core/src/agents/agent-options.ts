import type { JobContext, voice } from '@livekit/agents';

import type { JobParticipant } from '../call/job-participant.js';

/** Facts about one call, as plain data. */
export interface SessionInfo {
  readonly jobId: string;
  readonly agent: string;
  readonly tenant: string;
  readonly room: string;
  /** Room metadata, then job metadata over it, when they are JSON objects; else empty. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Whom the call is with, when the job is for one participant: see the pool option `jobTypes`. */
  readonly participant?: JobParticipant;
  /** Unix time in milliseconds. */
  readonly startedAt: number;
}

/** A call as code sees it that runs beside its session. */
export interface PrewarmedCall<
  Prewarmed extends object = Record<string, unknown>,
> extends SessionInfo {
  /** What the pool's `prewarm` has loaded: `ctx.proc.userData`, one object for all calls of the process. */
  readonly prewarmed: Prewarmed;
}

/**
 * A provider: a model string (LiveKit inference resolves it per call), a ready object (shared by
 * every call that uses it), or a factory that builds one per call.
 * `null` opts out of the pool's default.
 */
export type ProviderValue<Kind extends 'stt' | 'llm' | 'tts' = 'stt' | 'llm' | 'tts'> =
  | NonNullable<voice.AgentSessionOptions[Kind]>
  | ((
      call: SessionInfo,
    ) =>
      | NonNullable<voice.AgentSessionOptions[Kind]>
      | Promise<NonNullable<voice.AgentSessionOptions[Kind]>>)
  | null;

/** Spoken as written, or phrased by the model from instructions. */
export type Greeting = string | { readonly instructions: string };

/** `AgentSession` options a pool passes on: those of the SDK but its deprecated ones. */
export type SessionOptions = Omit<
  voice.AgentSessionOptions,
  'turnDetection' | 'voiceOptions' | 'preemptiveGeneration' | 'stt' | 'llm' | 'tts' | 'userData'
> & {
  stt?: ProviderValue<'stt'>;
  llm?: ProviderValue<'llm'>;
  tts?: ProviderValue<'tts'>;
};

/** A `voice.Agent` class whose constructor takes nothing. */
export type AgentClass = new () => voice.Agent;

/** Builds the agent of one call, e.g. with constructor arguments read from the metadata, or prewarmed. */
export type AgentFactory<Prewarmed extends object = Record<string, unknown>> = (
  call: PrewarmedCall<Prewarmed>,
) => voice.Agent | Promise<voice.Agent>;

/** What may be set per agent; each falls back to the pool's `defaults`. */
export interface AgentOptions {
  stt?: ProviderValue<'stt'>;
  llm?: ProviderValue<'llm'>;
  tts?: ProviderValue<'tts'>;
  /** Said when the call begins, after `onEnter` was called. `null` opts out of the pool's. */
  greeting?: Greeting | null;
  /** Passed to the `AgentSession`; `stt`, `llm`, `tts` beside it win over those in it. */
  session?: SessionOptions;
  /** Passed to `session.start()` as `inputOptions`. */
  roomInput?: Partial<voice.RoomInputOptions>;
  /** Passed to `session.start()` as `outputOptions`. */
  roomOutput?: Partial<voice.RoomOutputOptions>;
  /**
   * What is uploaded to LiveKit Cloud: `true` is audio and transcript, of each call under its own ids.
   * Traces and logs are never recorded, and `{ traces: true }` or `{ logs: true }` is refused, because
   * the SDK exports those of a whole process under one call's ids. Default: false, whatever the job says.
   * The upload takes its credentials from `LIVEKIT_API_KEY` and `LIVEKIT_API_SECRET`.
   */
  record?: NonNullable<Parameters<voice.AgentSession['start']>[0]['record']>;
}

/** One registered agent. */
export interface AgentConfig extends Readonly<AgentOptions> {
  readonly name: string;
  readonly agent: AgentClass | AgentFactory;
  /** Absolute path of the file it was discovered in. */
  readonly sourcePath?: string;
}

/** What a file in an agents directory may say about its agent, see {@link agentConfig}. */
export interface AgentDiscoveryConfig {
  /** Default: the file's name without its extension. */
  name?: string;
  greeting?: Greeting | null;
  stt?: ProviderValue<'stt'>;
  llm?: ProviderValue<'llm'>;
  tts?: ProviderValue<'tts'>;
}

/** The pool's defaults for every agent. */
export type AgentDefaults = Pick<
  AgentOptions,
  'stt' | 'llm' | 'tts' | 'greeting' | 'session' | 'roomInput' | 'roomOutput'
>;

/**
 * Runs where the session is, after the room was joined and before the session starts: add listeners,
 * read the metadata, start background audio. What it returns becomes `session.userData`.
 * Time box: 10 s. A throw fails the call.
 */
export type SessionSetup<Prewarmed extends object = Record<string, unknown>> = (
  ctx: JobContext,
  session: voice.AgentSession,
  call: PrewarmedCall<Prewarmed>,
) => unknown;
