import { ServerMessage } from '@livekit/protocol';

import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { BadFrames, MAX_BAD_FRAMES_PER_MINUTE } from './bad-frames.js';

/** The payload of a message from the server. */
export type Incoming = ServerMessage['message'];

/** Decodes the frames of one connection. */
export class FrameReader {
  readonly #logger: Logger;
  readonly #onTooManyBadFrames: () => void;
  readonly #badFrames = new BadFrames();
  #textLogged = false;

  /** `onTooManyBadFrames` is called when the connection should be closed because of bad frames. */
  constructor(logger: Logger, onTooManyBadFrames: () => void) {
    this.#logger = logger;
    this.#onTooManyBadFrames = onTooManyBadFrames;
  }

  /** The message in a frame; undefined when the frame cannot be read, which is logged. */
  read(data: unknown, isBinary: boolean): Incoming | undefined {
    if (!isBinary || !Buffer.isBuffer(data)) {
      if (!this.#textLogged) this.#logger.warn({}, 'ignored a text frame from LiveKit');
      this.#textLogged = true;
    } else {
      try {
        return ServerMessage.fromBinary(data).message;
      } catch (error) {
        this.#logger.warn(
          { error: messageOf(error), bytes: data.length },
          'ignored a frame from LiveKit that cannot be decoded',
        );
      }
    }
    if (this.#badFrames.add()) {
      this.#logger.error(
        { frames: MAX_BAD_FRAMES_PER_MINUTE },
        'too many frames from LiveKit in one minute cannot be read: reconnecting',
      );
      this.#onTooManyBadFrames();
    }
    return undefined;
  }
}
