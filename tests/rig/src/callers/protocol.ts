import type { AudioReport, GapReport } from '../audio/audio-report.js';

/** Request of the command `join`. */
export interface JoinRequest {
  url: string;
  token: string;
  /** Whether a microphone track is published at once, like that of a telephone, or with the first sound. */
  microphone: boolean;
}

/** A sound for the microphone. */
export type Sound =
  | { kind: 'wav'; path: string }
  | { kind: 'tone'; hz: number; durationMs: number; level?: number };

/** When a sound left the caller, in milliseconds since the epoch. */
export interface Spoken {
  startedAtMs: number;
  endedAtMs: number;
  /** False when the caller hung up before its end. */
  completed: boolean;
}

/** A text to send. */
export interface OutgoingText {
  text: string;
  topic: string;
  attributes?: Record<string, string>;
  /** Sent on behalf of this participant: agents send a caller's words this way. */
  senderIdentity?: string;
  /** Number of pieces it is sent in, as from a language model; default one. */
  pieces?: number;
}

/** A call of an RPC method of the agent. */
export interface RpcRequest {
  /** Identity of the agent. */
  agent: string;
  method: string;
  payload: string;
}

/** Result of `waitForAudio`. */
export interface HeardAudio {
  /** When the first sound that counts arrived. */
  startedAtMs: number;
  heardMs: number;
}

/** The commands of a caller, with request and result. */
export interface CallerCommands {
  join: { request: JoinRequest; result: { identity: string; room: string } };
  play: {
    request: { sound: Sound; tailMs: number; awaitListener: boolean; timeoutMs: number };
    result: Spoken;
  };
  sendText: { request: OutgoingText; result: null };
  rpc: { request: RpcRequest; result: string };
  waitForAudio: {
    request: { minMs: number; fromJoin: boolean; timeoutMs: number };
    result: HeardAudio;
  };
  waitForSilence: { request: { minMs: number; timeoutMs: number }; result: null };
  audio: { request: null; result: AudioReport };
  startGapWatch: { request: null; result: null };
  stopGapWatch: { request: null; result: GapReport };
  hangUp: { request: null; result: null };
}

/** Names of the commands. */
export type CallerCommandName = keyof CallerCommands;

/** A command sent to a caller. */
export type CallerCommand = {
  [Name in CallerCommandName]: {
    type: 'command';
    id: number;
    callerId: number;
    name: Name;
    request: CallerCommands[Name]['request'];
  };
}[CallerCommandName];

/** A transcript: words of the agent, or what the agent understood of the caller. */
export interface Transcript {
  from: 'agent' | 'user';
  text: string;
  /** Identity of the speaker, from the stream. */
  identity: string;
  segmentId: string;
  /** False when the stream was interrupted, for example because the agent has left. */
  complete: boolean;
  startedAtMs: number;
  endedAtMs: number;
}

/** Events of a caller. */
export type CallerEvent =
  | { type: 'connected'; atMs: number }
  | { type: 'reconnecting'; atMs: number }
  | { type: 'reconnected'; atMs: number }
  | { type: 'agentJoined'; identity: string; atMs: number }
  | { type: 'agentAudible'; identity: string; trackId: string; atMs: number }
  | { type: 'agentLeft'; identity: string; atMs: number }
  | { type: 'agentState'; identity: string; state: string; atMs: number }
  | { type: 'transcript'; transcript: Transcript; atMs: number }
  | { type: 'chat'; text: string; identity: string; atMs: number }
  | { type: 'disconnected'; reason: string; atMs: number };

/** Messages from the callers' process. */
export type FromCallers =
  | { type: 'ready' }
  | { type: 'reply'; id: number; ok: true; result: CallerCommands[CallerCommandName]['result'] }
  | { type: 'reply'; id: number; ok: false; error: string }
  | { type: 'event'; callerId: number; event: CallerEvent };
