import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const HEAD_END = /\r?\n\r?\n/g;
// Of the end of a head, which two packets may share.
const OVERLAP = 3;

/**
 * A connection that passes one request at a time on to the HTTP server. Node would parse all that a packet brings in one
 * turn of the event loop, a thousand requests and more, while the calls wait. No probe and no scraper sends the next one
 * before it has the answer, so what comes too early is not read, and the answer closes the connection. The same happens
 * to the body of a request: nothing here has one.
 */
export class OneRequest extends Duplex {
  readonly #socket: Socket;
  #end = '';
  #busy = false;
  #tooEarly = false;

  constructor(socket: Socket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    socket.on('data', (packet: Buffer) => this.#take(packet));
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
    socket.on('timeout', () => this.emit('timeout'));
  }

  /** Whether more than one request has come, or a body: then the answer must be the last. */
  get tooEarly(): boolean {
    return this.#tooEarly;
  }

  /** Goes on with the next request. Call it when one has been answered. */
  next(): void {
    this.#busy = false;
    if (this.#tooEarly) this.destroySoon();
  }

  /** The HTTP server closes idle connections with this, if there is such a method. */
  setTimeout(ms: number, onTimeout?: () => void): this {
    this.#socket.setTimeout(ms);
    if (onTimeout !== undefined) this.once('timeout', onTimeout);
    return this;
  }

  /** The HTTP server closes connections with this, if there is such a method. */
  destroySoon(): void {
    if (this.writableFinished) this.destroy();
    else this.end(() => this.destroy());
  }

  override _read(): void {}

  override _write(packet: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket.write(packet, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #take(packet: Buffer): void {
    const head = this.#busy ? 0 : this.#headIn(packet);
    if (head > 0) this.push(packet.subarray(0, head));
    if (head === packet.length) return;
    this.#tooEarly = true;
    this.#socket.pause();
  }

  /** How many bytes of the packet are of the head of the request. */
  #headIn(packet: Buffer): number {
    const before = this.#end.length;
    const text = this.#end + packet.toString('latin1');
    HEAD_END.lastIndex = 0;
    this.#busy = HEAD_END.test(text);
    this.#end = this.#busy ? '' : text.slice(-OVERLAP);
    return this.#busy ? HEAD_END.lastIndex - before : packet.length;
  }
}
