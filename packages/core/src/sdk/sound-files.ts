import type { PassThrough } from 'node:stream';
import { WritableStreamDefaultWriter } from 'node:stream/web';

import type { Logger } from '../base/logger.js';
import { requireFromSdk } from './from-sdk.js';
import { type ProcessPatch, type UndoPatch, nothingToUndo } from './sdk-patch.js';

/*
 * `loopAudioFramesFromFile()` plays the frames of a file over and over. Without a single frame, because the file is
 * missing or its decoder was killed, it goes round without ever waiting: the event loop is blocked for ever, with all
 * calls of the process. So a file always has a frame. And frames that come after a player was closed are written to a
 * closed stream, which is an unhandled rejection: that would end the call. So are frames that nobody has read when the
 * player stops, as a thinking sound does with each answer.
 */

/** Gives sound files that cannot be read a moment of silence, and stops decoders without an error. */
export const soundFilesPatch: ProcessPatch = {
  scope: 'process',
  name: 'sound-files',
  why: 'A sound file without a frame that is looped blocks the event loop for ever, and with it every call.',
  versions: '@livekit/agents 1.9 with fluent-ffmpeg 2',
  apply: playSoundFiles,
};

// 100 ms of 16 bit samples at 48 kHz in stereo: at least one frame, whatever the format.
const SILENCE_BYTES = 19_200;

/** The part of a command of fluent-ffmpeg that is used here. */
export interface FfmpegCommand {
  /** The process, once it was started. */
  readonly ffmpegProc?: { kill(signal: NodeJS.Signals): boolean };
  readonly _outputs?: readonly {
    readonly target?: unknown;
    readonly options?: { find(option: string, count: number): unknown[] | undefined };
  }[];
  run: (this: FfmpegCommand) => unknown;
  kill: (this: FfmpegCommand, signal?: string) => unknown;
  once(event: 'start', listener: () => void): unknown;
  prependListener(event: 'error', listener: () => void): unknown;
}

/**
 * The prototype of the commands with which the SDK decodes files and encodes recordings: its own copy. Undefined when
 * the SDK has none.
 */
export function ffmpegCommand(): FfmpegCommand | undefined {
  try {
    return (requireFromSdk('fluent-ffmpeg') as { prototype: FfmpegCommand }).prototype;
  } catch {
    // The caller says what is missing then.
    return undefined;
  }
}

function playSoundFiles(logger: Logger): UndoPatch {
  const prototype = ffmpegCommand();
  if (typeof prototype?.run !== 'function' || typeof prototype.kill !== 'function') {
    logger.warn({}, 'unknown version of the SDK: a sound file that cannot be read may block calls');
    return nothingToUndo;
  }
  const { run, kill } = prototype;
  prototype.run = function () {
    const samples = samplesOf(this);
    if (samples !== undefined) {
      let frames = false;
      const ended = () => {
        if (!frames && !samples.readableDidRead) samples.emit('data', Buffer.alloc(SILENCE_BYTES));
        frames = true;
      };
      allowUnread(samples);
      // Before the listeners of the SDK, which end its stream of frames.
      this.prependListener('error', ended);
      samples.on('end', ended);
    }
    return run.call(this);
  };
  // The SDK has closed its stream of frames when it calls this.
  prototype.kill = function (signal) {
    samplesOf(this)?.removeAllListeners('data').removeAllListeners('end').resume();
    return kill.call(this, signal);
  };
  return () => void Object.assign(prototype, { run, kill });
}

/** The methods of a writer that fail when its stream was cancelled. */
interface Writer {
  write: (this: Writer, chunk: unknown) => Promise<void>;
  close: (this: Writer) => Promise<void>;
}

/**
 * Lets the stream of frames be cancelled before all of them were read. The SDK writes to it when samples come, and does
 * not wait: each write that is pending then is rejected, and so is the end of the stream.
 */
function allowUnread(samples: PassThrough): void {
  const emit: (event: string | symbol, ...args: unknown[]) => boolean = samples.emit.bind(samples);
  samples.emit = (event: string | symbol, ...args: unknown[]) => {
    if (event !== 'data') return emit(event, ...args);
    // The writer is known to nobody but the listener that runs now.
    const prototype = WritableStreamDefaultWriter.prototype as unknown as Writer;
    const { write, close } = prototype;
    prototype.write = function (chunk) {
      samples.emit = emit;
      this.write = (each) => write.call(this, each).catch(() => {});
      this.close = () => close.call(this).catch(() => {});
      return this.write(chunk);
    };
    try {
      return emit(event, ...args);
    } finally {
      prototype.write = write;
    }
  };
}

/** The stream that gets the decoded samples. Undefined for commands that do something else. */
function samplesOf({ _outputs: outputs }: FfmpegCommand): PassThrough | undefined {
  const output = outputs?.[0];
  const [format] = output?.options?.find('-f', 1) ?? [];
  const target = output?.target;
  const streams = typeof target === 'object' && target !== null && 'readableDidRead' in target;
  return streams && format === 's16le' ? (target as PassThrough) : undefined;
}
