import {
  type ByteStreamHandler,
  ByteStreamReader,
  type TextStreamHandler,
  TextStreamReader,
} from '@livekit/rtc-node';
import type { StreamFrame } from './room-wire.js';

type Chunks = ConstructorParameters<typeof TextStreamReader>[1];
type Chunk = Chunks extends ReadableStream<infer Item> ? Item : never;

interface OpenStream {
  readonly kind: 'text' | 'bytes';
  readonly controller: ReadableStreamDefaultController<Chunk>;
}

/** Incoming data streams: hands each to the handler of its topic; without one it is dropped. */
export class StreamInbox {
  readonly text = new Map<string, TextStreamHandler>();
  readonly bytes = new Map<string, ByteStreamHandler>();
  readonly #open = new Map<string, OpenStream>();

  /** Takes a step of a stream of another participant. */
  take(identity: string, frame: StreamFrame): void {
    if (frame.step === 'open') {
      this.#start(identity, frame);
      return;
    }
    const stream = this.#open.get(frame.id);
    if (stream === undefined) {
      return;
    }
    if (frame.step === 'chunk') {
      const content = Buffer.from(frame.data, stream.kind === 'text' ? 'utf8' : 'base64');
      if (content.length > 0) {
        // The readers of rtc-node look at nothing but the content of a chunk.
        stream.controller.enqueue({ content: new Uint8Array(content) } as unknown as Chunk);
      }
      return;
    }
    this.#open.delete(frame.id);
    if (frame.error === undefined) {
      stream.controller.close();
    } else {
      stream.controller.error(new Error(frame.error));
    }
  }

  /** Fails what is half received, as a lost connection does. */
  abort(): void {
    for (const { controller } of this.#open.values()) {
      controller.error(new Error('Disconnected while receiving'));
    }
    this.#open.clear();
  }

  #start(identity: string, frame: Extract<StreamFrame, { step: 'open' }>): void {
    const { id, kind, topic, mimeType, timestamp, attributes, name, totalSize } = frame;
    const onText = kind === 'text' ? this.text.get(topic) : undefined;
    const onBytes = kind === 'bytes' ? this.bytes.get(topic) : undefined;
    if (onText === undefined && onBytes === undefined) {
      return;
    }
    const stream: Chunks = new ReadableStream<Chunk>({
      start: (controller) => void this.#open.set(id, { kind, controller }),
      cancel: () => void this.#open.delete(id),
    });
    const info = {
      streamId: id,
      mimeType,
      topic,
      timestamp,
      attributes,
      ...(totalSize === undefined ? {} : { totalSize }),
    };
    onText?.(new TextStreamReader(info, stream, totalSize), { identity });
    onBytes?.(new ByteStreamReader({ ...info, name: name ?? 'unknown' }, stream, totalSize), {
      identity,
    });
  }
}
