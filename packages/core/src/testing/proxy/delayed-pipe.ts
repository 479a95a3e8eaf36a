import type { Socket } from 'node:net';

interface Parcel {
  /** The bytes; undefined for the end of the stream. */
  readonly bytes: Buffer | undefined;
  /** Earliest time to send it, by performance.now(). */
  readonly due: number;
}

// Above this the sender has to wait, as with a slow connection.
const MAX_QUEUED_BYTES = 1024 * 1024;

/** One direction of a connection. Bytes are forwarded in order after a delay, and can be paused. */
export class DelayedPipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #delayMs: () => number;
  #queue: Parcel[] = [];
  #queuedBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #flowing = false;
  #listening = false;

  /** Starts paused. `delayMs` is read for each piece. */
  constructor(from: Socket, to: Socket, delayMs: () => number) {
    this.#from = from;
    this.#to = to;
    this.#delayMs = delayMs;
    from.pause();
  }

  /** Adds bytes that were read before, ahead of all others. */
  hold(bytes: Buffer): void {
    if (bytes.length > 0) this.#enqueue(bytes);
  }

  /** Starts or continues to forward. */
  flow(): void {
    this.#flowing = true;
    this.#listen();
    this.#from.resume();
    this.#deliver();
  }

  /** Stops reading and writing; queued bytes are kept. */
  pause(): void {
    this.#flowing = false;
    clearTimeout(this.#timer);
    this.#from.pause();
  }

  /** Stops permanently and drops queued bytes. */
  stop(): void {
    this.pause();
    this.#queue = [];
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#from.on('data', (bytes: Buffer) => this.#enqueue(bytes));
    this.#from.on('end', () => this.#enqueue(undefined));
    this.#to.on('drain', () => this.#deliver());
    if (this.#from.readableEnded) this.#enqueue(undefined);
  }

  #enqueue(bytes: Buffer | undefined): void {
    this.#queue.push({ bytes, due: performance.now() + this.#delayMs() });
    this.#queuedBytes += bytes?.length ?? 0;
    if (this.#queuedBytes > MAX_QUEUED_BYTES) this.#from.pause();
    this.#deliver();
  }

  #deliver(): void {
    clearTimeout(this.#timer);
    while (this.#flowing && !this.#to.writableNeedDrain) {
      const [next] = this.#queue;
      if (next === undefined) break;
      const early = next.due - performance.now();
      if (early > 0) {
        this.#timer = setTimeout(() => this.#deliver(), early);
        return;
      }
      this.#queue.shift();
      this.#write(next.bytes);
    }
  }

  #write(bytes: Buffer | undefined): void {
    if (bytes === undefined) {
      this.#to.end();
      return;
    }
    this.#queuedBytes -= bytes.length;
    if (this.#queuedBytes <= MAX_QUEUED_BYTES && this.#flowing) this.#from.resume();
    this.#to.write(bytes);
  }
}
