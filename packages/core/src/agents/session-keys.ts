import type { voice } from '@livekit/agents';

import type { SessionOptions } from './agent-options.js';

type Session = Required<SessionOptions>;
type TurnHandling = Required<NonNullable<voice.AgentSessionOptions['turnHandling']>>;

// Each record has all keys of its type: one that a new SDK adds or removes does not compile here.
type Keys<Options> = Readonly<Record<keyof Required<Options> & string, true>>;

const SESSION: Keys<
  Omit<
    Session,
    | 'allowInterruptions'
    | 'discardAudioIfUninterruptible'
    | 'minInterruptionDuration'
    | 'minInterruptionWords'
    | 'minEndpointingDelay'
    | 'maxEndpointingDelay'
  >
> = {
  stt: true,
  llm: true,
  tts: true,
  vad: true,
  connOptions: true,
  tools: true,
  toolHandling: true,
  maxToolSteps: true,
  userAwayTimeout: true,
  transcriptionTimeout: true,
  aecWarmupDuration: true,
  ttsReadIdleTimeout: true,
  forwardAudioIdleTimeout: true,
  turnHandling: true,
  keytermsOptions: true,
  useTtsAlignedTranscript: true,
  ttsTextTransforms: true,
  expressive: true,
};

const ROOM_INPUT: Keys<voice.RoomInputOptions> = {
  audioSampleRate: true,
  audioNumChannels: true,
  textEnabled: true,
  audioEnabled: true,
  videoEnabled: true,
  participantIdentity: true,
  noiseCancellation: true,
  textInputCallback: true,
  participantKinds: true,
  closeOnDisconnect: true,
  deleteRoomOnClose: true,
};

const ROOM_OUTPUT: Keys<voice.RoomOutputOptions> = {
  transcriptionEnabled: true,
  audioEnabled: true,
  audioSampleRate: true,
  audioNumChannels: true,
  syncTranscription: true,
  audioPublishOptions: true,
  queueSizeMs: true,
  jsonFormat: true,
};

const TURN_HANDLING: Keys<TurnHandling> = {
  turnDetection: true,
  endpointing: true,
  interruption: true,
  preemptiveGeneration: true,
  userTurnLimit: true,
};

const ENDPOINTING: Keys<TurnHandling['endpointing']> = {
  mode: true,
  minDelay: true,
  maxDelay: true,
  alpha: true,
};

const INTERRUPTION: Keys<TurnHandling['interruption']> = {
  enabled: true,
  mode: true,
  discardAudioIfUninterruptible: true,
  minDuration: true,
  minWords: true,
  falseInterruptionTimeout: true,
  resumeFalseInterruption: true,
  backchannelBoundary: true,
};

const PREEMPTIVE_GENERATION: Keys<TurnHandling['preemptiveGeneration']> = {
  enabled: true,
  preemptiveTts: true,
  maxSpeechDuration: true,
  maxRetries: true,
};

const USER_TURN_LIMIT: Keys<TurnHandling['userTurnLimit']> = { maxWords: true, maxDuration: true };

/** The options of `AgentSession` of SDK 1.9 that are not deprecated. */
export const SESSION_KEYS = Object.keys(SESSION);
/** The `inputOptions` of `session.start()`. */
export const ROOM_INPUT_KEYS = Object.keys(ROOM_INPUT);
/** The `outputOptions` of `session.start()`. */
export const ROOM_OUTPUT_KEYS = Object.keys(ROOM_OUTPUT);
/** The options in `turnHandling`. */
export const TURN_HANDLING_KEYS = Object.keys(TURN_HANDLING);
/** The options in each part of `turnHandling` that is an object. */
export const TURN_HANDLING_PARTS: Readonly<Record<string, readonly string[]>> = {
  endpointing: Object.keys(ENDPOINTING),
  interruption: Object.keys(INTERRUPTION),
  preemptiveGeneration: Object.keys(PREEMPTIVE_GENERATION),
  userTurnLimit: Object.keys(USER_TURN_LIMIT),
};
