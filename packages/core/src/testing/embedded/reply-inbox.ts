import type { OpenRtcError } from '../../base/errors.js';
import type { StreamFrame } from './room-wire.js';

interface OpenSegment {
  readonly order: number;
  text: string;
}

interface Reply {
  readonly order: number;
  readonly text: string;
}

interface Reader {
  /** The number of the first segment that this reader may get. */
  readonly from: number;
  readonly resolve: (text: string) => void;
  readonly reject: (error: OpenRtcError) => void;
}

// The topic under which LiveKit agents publish transcripts.
const TOPIC_TRANSCRIPTION = 'lk.transcription';

/** Assembles the transcript segments of a speaker and returns each complete one once, in order. */
export class ReplyInbox {
  readonly #onReply: (text: string) => void;
  readonly #open = new Map<string, OpenSegment>();
  readonly #replies: Reply[] = [];
  readonly #readers: Reader[] = [];
  #order = 0;
  #closed: OpenRtcError | undefined;

  /** @param onReply - called with each complete segment. */
  constructor(onReply: (text: string) => void) {
    this.#onReply = onReply;
  }

  /** The number of the next segment to be opened. */
  get next(): number {
    return this.#order;
  }

  /** Handles one step of a stream from the speaker. */
  take(frame: StreamFrame): void {
    if (frame.step === 'open' && frame.kind === 'text' && frame.topic === TOPIC_TRANSCRIPTION) {
      this.#open.set(frame.id, { order: this.#order++, text: '' });
      return;
    }
    const segment = this.#open.get(frame.id);
    if (segment === undefined) {
      return;
    }
    if (frame.step === 'chunk') {
      segment.text += frame.data;
    } else if (frame.step === 'close') {
      this.#open.delete(frame.id);
      this.#complete({ order: segment.order, text: segment.text.trim() });
    }
  }

  /**
   * The next complete segment that was not returned yet, of those opened at or after `from`. Rejects if the call ends
   * first.
   */
  read(from = 0): Promise<string> {
    const at = this.#replies.findIndex(({ order }) => order >= from);
    const reply = at < 0 ? undefined : this.#replies.splice(at, 1)[0];
    if (reply !== undefined) {
      return Promise.resolve(reply.text);
    }
    return new Promise((resolve, reject) => {
      if (this.#closed === undefined) {
        this.#readers.push({ from, resolve, reject });
      } else {
        reject(this.#closed);
      }
    });
  }

  /** Rejects every reader, now and later. */
  close(error: OpenRtcError): void {
    this.#closed ??= error;
    for (const { reject } of this.#readers.splice(0)) {
      reject(error);
    }
  }

  #complete(reply: Reply): void {
    this.#onReply(reply.text);
    const at = this.#readers.findIndex(({ from }) => reply.order >= from);
    const reader = at < 0 ? undefined : this.#readers.splice(at, 1)[0];
    if (reader === undefined) {
      this.#replies.push(reply);
    } else {
      reader.resolve(reply.text);
    }
  }
}
