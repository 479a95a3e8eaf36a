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

/** Incoming data streams. Each goes to the handler of its topic; without a handler it is dropped. */
export class StreamInbox {
  /** Handlers of text streams by topic. */
  readonly text = new Map<string, TextStreamHandler>();
  /** Handlers of byte streams by topic. */
  readonly bytes = new Map<string, ByteStreamHandler>();
  readonly #open = new Map<string, OpenStream>();

  /** Sets the handler of a topic. Throws if the topic has one. */
  addTextHandler(topic: string, handler: TextStreamHandler): void {
    add(this.text, 'text', topic, handler);
  }

  /** Sets the handler of a topic. Throws if the topic has one. */
  addByteHandler(topic: string, handler: ByteStreamHandler): void {
    add(this.bytes, 'byte', topic, handler);
  }

  /** Handles one step of a stream from another participant. */
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
        // The readers of rtc-node use only the content of a chunk.
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

  /** Fails every incomplete stream, as a lost connection does. */
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

function add<Handler>(
  handlers: Map<string, Handler>,
  kind: 'text' | 'byte',
  topic: string,
  handler: Handler,
): void {
  if (handlers.has(topic)) {
    throw new Error(`A ${kind} stream handler for topic "${topic}" has already been set.`);
  }
  handlers.set(topic, handler);
}
