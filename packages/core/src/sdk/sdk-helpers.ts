import { VADStream, llm, stt, tts, voice } from '@livekit/agents';
import { AudioMixer, AudioSource, Room, VideoSource } from '@livekit/rtc-node';

import type { Logger } from '../base/logger.js';
import { type BelongingKind, hasMaker, noteBelonging } from './belongings.js';
import type { ProcessPatch, UndoPatch } from './sdk-patch.js';
import { clearAwayTimer } from './sdk-timers.js';
import { releaseRoom } from './session-room.js';
import { type FfmpegCommand, ffmpegCommand } from './sound-files.js';

/** Closes at the end of a call what its code has started with the SDK and not closed. */
export const helpersPatch: ProcessPatch = {
  scope: 'process',
  name: 'helpers-of-calls',
  why: 'Helpers such as a background audio player end with the process of a job; here the process goes on.',
  versions: '@livekit/agents 1.9 with fluent-ffmpeg 2, @livekit/rtc-node 0.13',
  apply: noteHelpers,
};

/** A class of the SDK whose objects live until they are closed. */
export interface Helper {
  readonly kind: BelongingKind;
  /** The prototype that has the method. */
  readonly prototype: object;
  /** The method that begins the life of an object. A class that begins it in its constructor calls it there. */
  readonly starts: string;
}

function helper<T extends object>(
  prototype: T,
  starts: string,
  what: string,
  closes: BelongingKind['closes'],
  close: (object: T) => unknown,
): Helper {
  return { prototype, starts, kind: { what, closes, close: close as BelongingKind['close'] } };
}

/** A stream that its consumer or its session may have closed. */
interface Closable {
  close(): void;
}

// `closed` is not public. Some streams cannot be closed twice.
const closeStream = (stream: Closable): void => {
  if ((stream as { closed?: boolean }).closed !== true) stream.close();
};

/**
 * All of them. What other objects are made of comes after them. An avatar session closes itself with a shutdown
 * callback, and frames that are read from a track end with `FfiEvents`.
 */
export const helpers: readonly Helper[] = [
  helper(
    voice.BackgroundAudioPlayer.prototype,
    'start',
    'a background audio player',
    'in_room',
    (player) => player.close(),
  ),
  helper(
    voice.AgentSession.prototype,
    'start',
    'a second agent session',
    'in_room',
    async (session) => {
      await session.close();
      clearAwayTimer(session);
    },
  ),
  helper(voice.RoomIO.prototype, 'start', 'a RoomIO', 'in_room', closeRoomIo),
  helper(voice.AMD.prototype, 'execute', 'an answering machine detection', 'in_room', (amd) =>
    amd.aclose(),
  ),
  helper(AudioMixer.prototype, 'mixer', 'an audio mixer', 'in_room', (mixer) => mixer.aclose()),
  // These are closed last, because a shutdown callback may still use them, for a summary of the call, say. It may also
  // end a loop that plays a sound, which would fail at a closed source.
  helper(AudioSource.prototype, 'captureFrame', 'an audio source', 'at_end', closeSource),
  helper(VideoSource.prototype, 'captureFrame', 'a video source', 'at_end', closeSource),
  helper(stt.SpeechStream.prototype, 'pumpInput', 'an STT stream', 'at_end', closeStream),
  helper(tts.SynthesizeStream.prototype, 'pumpInput', 'a TTS stream', 'at_end', closeStream),
  helper(tts.ChunkedStream.prototype, 'monitorMetrics', 'a TTS request', 'at_end', closeStream),
  helper(llm.LLMStream.prototype, 'monitorMetrics', 'an LLM request', 'at_end', closeStream),
  helper(VADStream.prototype, 'monitorMetrics', 'a VAD stream', 'at_end', closeStream),
  helper(Room.prototype, 'connect', 'a second room', 'at_end', async (room) => {
    await room.disconnect();
    releaseRoom(room);
  }),
  helper(
    ffmpegCommand() ?? ({} as FfmpegCommand),
    'run',
    'an ffmpeg process',
    'at_end',
    (command) => {
      if (command.ffmpegProc !== undefined) command.ffmpegProc.kill('SIGKILL');
      else command.once('start', () => command.ffmpegProc?.kill('SIGKILL'));
    },
  ),
];

/** That of the session of the call is closed with it. */
async function closeRoomIo(io: voice.RoomIO): Promise<void> {
  const { agentSession } = io as unknown as { agentSession?: unknown };
  if (!hasMaker(agentSession)) await io.close();
}

async function closeSource(source: AudioSource | VideoSource): Promise<void> {
  if (!source.closed) await source.close();
}

/** Notes every object of {@link helpers} that code of a call starts. */
function noteHelpers(logger: Logger): UndoPatch {
  const undo = helpers.map(({ prototype, starts, kind }) => {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, starts);
    const start: unknown = descriptor?.value;
    if (descriptor === undefined || typeof start !== 'function') {
      logger.warn(
        { method: starts },
        `unknown version of the SDK: ${kind.what} may outlive its call`,
      );
      return () => {};
    }
    const value = function (this: object, ...args: unknown[]): unknown {
      noteBelonging(this, kind);
      return Reflect.apply(start, this, args);
    };
    Object.defineProperty(prototype, starts, { ...descriptor, value });
    return () => void Object.defineProperty(prototype, starts, descriptor);
  });
  return () => {
    for (const restore of undo) restore();
  };
}
