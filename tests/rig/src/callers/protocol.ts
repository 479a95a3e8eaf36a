import type { AudioReport, GapReport } from '../audio/audio-report.js';

/** What a caller joins with. */
export interface JoinRequest {
  url: string;
  token: string;
  /** Whether a microphone track is published at once, as a telephone does; else at the first sound. */
  microphone: boolean;
}

/** What is played into the microphone. */
export type Sound =
  | { kind: 'wav'; path: string }
  | { kind: 'tone'; hz: number; durationMs: number; level?: number };

/** When a sound was spoken, in milliseconds since the epoch, as it left the caller. */
export interface Spoken {
  startedAtMs: number;
  endedAtMs: number;
  /** False when the caller hung up in the middle of it. */
  completed: boolean;
}

/** A text to send. */
export interface OutgoingText {
  text: string;
  topic: string;
  attributes?: Record<string, string>;
  /** On whose behalf it is sent: agents send the words of a caller so. */
  senderIdentity?: string;
  /** Sent in as many pieces, as a language model does; default one. */
  pieces?: number;
}

/** What `waitForAudio` found. */
export interface HeardAudio {
  /** When the first sound counted arrived. */
  startedAtMs: number;
  heardMs: number;
}

/** Each command of a caller: what goes in and what comes back. */
export interface CallerCommands {
  join: { request: JoinRequest; result: { identity: string; room: string } };
  play: {
    request: { sound: Sound; tailMs: number; awaitListener: boolean; timeoutMs: number };
    result: Spoken;
  };
  sendText: { request: OutgoingText; result: null };
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

/** One command on its way to a caller. */
export type CallerCommand = {
  [Name in CallerCommandName]: {
    type: 'command';
    id: number;
    callerId: number;
    name: Name;
    request: CallerCommands[Name]['request'];
  };
}[CallerCommandName];

/** What the rig tells the caller process. */
export type ToCallers = CallerCommand | { type: 'close' };

/** A text on its whole: words of the agent, or what the agent understood of the caller's. */
export interface Transcript {
  from: 'agent' | 'user';
  text: string;
  /** Whose words they are, as the stream says. */
  identity: string;
  segmentId: string;
  /** False when the stream broke off, as when its agent is gone. */
  complete: boolean;
  startedAtMs: number;
  endedAtMs: number;
}

/** What happens to a caller. */
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

/** What the caller process tells the rig. */
export type FromCallers =
  | { type: 'ready' }
  | { type: 'reply'; id: number; ok: true; result: CallerCommands[CallerCommandName]['result'] }
  | { type: 'reply'; id: number; ok: false; error: string }
  | { type: 'event'; callerId: number; event: CallerEvent };
