import { createRequire } from 'node:module';
import { setImmediate as tick } from 'node:timers/promises';

import { FfiClient, type FfiBindings } from './ffi-client.js';

/*
 * The real rtc-node over a fake native library. The same script can be run with the event client of rtc-node and with
 * OpenRTC's, to compare the events that rooms, streams and requests receive.
 */

// Otherwise rtc-node logs every join.
process.env['NODE_ENV'] = 'production';
const fromCore = createRequire(import.meta.url);
const fromRtcNode = createRequire(fromCore.resolve('@livekit/rtc-node'));
const bindingsPath = fromRtcNode.resolve('@livekit/rtc-ffi-bindings');
const real = fromRtcNode(bindingsPath) as FfiBindings;

interface Message {
  readonly message: { readonly case: string; readonly value: object };
}

/** The part of rtc-node that is used here, loaded separately so that it uses the fake library. */
interface RtcNode {
  Room: new () => TestRoom;
  AudioStream: new (track: object, options: object) => ReadableStream<{ data: Int16Array }>;
  AudioSource: new (sampleRate: number, channels: number) => TestSource;
  AudioFrame: new (data: Int16Array, rate: number, channels: number, samples: number) => object;
}
interface TestRoom {
  connect(url: string, token: string): Promise<void>;
  disconnect(): Promise<void>;
  on(name: string, listener: (...args: never[]) => void): void;
  registerTextStreamHandler(topic: string, handler: (reader: TestReader) => void): void;
  readonly localParticipant: {
    registerRpcMethod(method: string, handler: () => Promise<string>): void;
  };
}
interface TestReader extends AsyncIterable<string> {}
interface TestSource {
  captureFrame(frame: object): Promise<void>;
}

const globals = globalThis as { _ffiClientInstance?: { listenerCount(name: string): number } };

export class FfiWorld {
  readonly log: string[] = [];
  readonly rtc: RtcNode;
  readonly client: FfiClient | undefined;
  #callback: (event: Message) => void = () => {};
  #nextId = 100n;
  #callers = 0;
  #pending: { kind: string; asyncId: bigint }[] = [];
  readonly rooms: { room: TestRoom; handle: bigint | undefined }[] = [];
  readonly streams: { handle: bigint; reader: ReadableStreamDefaultReader<unknown> }[] = [];

  constructor(whose: 'stock' | 'ours') {
    const played = this.#playedBindings();
    delete globals._ffiClientInstance;
    this.rtc = freshRtcNode(played);
    if (whose === 'ours') {
      this.client = new FfiClient(played);
      globals._ffiClientInstance = this.client;
    }
  }

  /** Listeners and waiters for events of the native library. */
  get listeners(): number {
    return globals._ffiClientInstance?.listenerCount('ffi_event') ?? 0;
  }

  connect(): void {
    const room = new this.rtc.Room();
    const index = this.rooms.push({ room, handle: undefined }) - 1;
    for (const name of ['participantConnected', 'activeSpeakersChanged', 'disconnected'])
      room.on(name, (first?: { identity?: string } | readonly { identity: string }[]) => {
        const who = Array.isArray(first)
          ? first.length
          : ((first as { identity?: string })?.identity ?? first);
        this.log.push(`room ${index}: ${name} ${String(who)}`);
      });
    room.registerTextStreamHandler('chat', (reader) => {
      void (async () => {
        for await (const text of reader) this.log.push(`room ${index}: text ${text}`);
        this.log.push(`room ${index}: end of text`);
      })();
    });
    this.#note(room.connect('ws://played', 'token'), `room ${index}: connect`);
  }

  disconnect(index: number): void {
    const { room } = this.#room(index);
    this.#note(room.disconnect(), `room ${index}: disconnect`);
  }

  openStream(): void {
    const track = {
      ffi_handle: { handle: 1n },
      registerAudioStream() {},
      unregisterAudioStream() {},
    };
    const before = this.#nextId;
    const stream = new this.rtc.AudioStream(track, { sampleRate: 16_000, numChannels: 1 });
    const reader = stream.getReader();
    const index = this.streams.push({ handle: before, reader }) - 1;
    void (async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return this.log.push(`stream ${index}: end`);
        this.log.push(`stream ${index}: frame ${value.data[0]}`);
      }
    })();
  }

  closeStream(index: number): void {
    void this.streams[index]?.reader.cancel();
  }

  frame(index: number, sample: number): void {
    const handle = this.streams[index]?.handle;
    if (handle === undefined) return;
    const info = {
      dataPtr: BigInt(sample),
      numChannels: 1,
      sampleRate: 16_000,
      samplesPerChannel: 1,
    };
    const frame = { handle: { id: this.#nextId++ }, info };
    this.#emit('audioStreamEvent', {
      streamHandle: handle,
      message: { case: 'frameReceived', value: { frame } },
    });
  }

  endStream(index: number): void {
    const streamHandle = this.streams[index]?.handle;
    if (streamHandle !== undefined)
      this.#emit('audioStreamEvent', { streamHandle, message: { case: 'eos', value: {} } });
  }

  capture(name: string): void {
    const source = new this.rtc.AudioSource(16_000, 1);
    const frame = new this.rtc.AudioFrame(new Int16Array(160), 16_000, 1, 160);
    this.#note(source.captureFrame(frame), `capture ${name}`);
  }

  /** Emits an event of a room, also of one whose handle is not known yet. */
  roomEvent(index: number, kind: string, value: object): void {
    const roomHandle = this.rooms[index]?.handle ?? 99_999n;
    this.#emit('roomEvent', { roomHandle, message: { case: kind, value } });
  }

  /** Each is a different one: rtc-node throws when one comes twice. */
  callerComes(index: number): void {
    this.#callers += 1;
    const info = { identity: `caller-${this.#callers}`, sid: 'PA', attributes: {} };
    this.roomEvent(index, 'participantConnected', { info: { info, handle: { id: 7n } } });
  }

  text(index: number, words: readonly string[]): void {
    const handle = this.#nextId++;
    const info = {
      streamId: 's',
      timestamp: 0n,
      mimeType: 'text/plain',
      topic: 'chat',
      attributes: {},
    };
    this.roomEvent(index, 'textStreamOpened', {
      participantIdentity: 'caller',
      reader: { handle: { id: handle }, info },
    });
    this.#later.push(async () => {
      for (const content of words) {
        await tick();
        this.#emit('textStreamReaderEvent', {
          readerHandle: handle,
          detail: { case: 'chunkReceived', value: { content } },
        });
      }
      await tick();
      this.#emit('textStreamReaderEvent', {
        readerHandle: handle,
        detail: { case: 'eos', value: {} },
      });
    });
  }

  /** Answers the waiting request with this index, from the oldest. */
  answer(place: number, fails = false): void {
    const [pending] = this.#pending.splice(place % Math.max(1, this.#pending.length), 1);
    if (pending === undefined) return;
    const { kind, asyncId } = pending;
    if (kind !== 'connect') return this.#emit(kind, { asyncId });
    if (fails) return this.#emit(kind, { asyncId, message: { case: 'error', value: 'refused' } });
    const joining = this.rooms.find(({ handle }) => handle === undefined);
    const handle = this.#nextId++;
    if (joining !== undefined) joining.handle = handle;
    const participant = { identity: 'agent', sid: 'PA', attributes: {}, kindDetails: [] };
    this.#emit(kind, {
      asyncId,
      message: {
        case: 'result',
        value: {
          room: { handle: { id: handle }, info: { sid: 'RM', name: 'r', metadata: '' } },
          localParticipant: { handle: { id: this.#nextId++ }, info: participant },
          participants: [],
        },
      },
    });
  }

  get unanswered(): number {
    return this.#pending.length;
  }

  /** Emits an event of a kind that only a later version knows. */
  unknown(): void {
    this.#emit('panic', { message: 'not for anybody' });
  }

  async settled(): Promise<void> {
    for (const later of this.#later.splice(0)) await later();
    for (let turns = 0; turns < 3; turns += 1) await tick();
  }

  readonly #later: (() => Promise<void>)[] = [];

  #room(index: number): { room: TestRoom; handle: bigint | undefined } {
    const found = this.rooms[index];
    if (found === undefined) throw new Error(`no room ${index}`);
    return found;
  }

  #note(work: Promise<unknown>, what: string): void {
    work.then(
      () => this.log.push(`${what} done`),
      (error: unknown) => this.log.push(`${what} failed: ${(error as Error).message}`),
    );
  }

  #emit(kind: string, value: object): void {
    this.#callback({ message: { case: kind, value } });
  }

  #playedBindings(): FfiBindings {
    // Messages are passed as objects: how they are encoded does not matter here.
    return {
      ...real,
      FfiHandle: PlayedHandle,
      FfiEvent: { fromBinary: (event: Message) => event },
      FfiRequest: PlayedRequest,
      FfiResponse: { fromBinary: (response: Message) => response },
      livekitInitialize: (callback: (event: Message) => void) => {
        this.#callback = callback;
      },
      livekitFfiRequest: (request: Message) => this.#respond(request),
      livekitCopyBuffer: (pointer: bigint) =>
        new Uint8Array(new Int16Array([Number(pointer)]).buffer),
      livekitRetrievePtr: () => 1n,
    } as unknown as FfiBindings;
  }

  #respond({ message: { case: kind } }: Message): Message {
    const response = (value: object): Message => ({ message: { case: kind, value } });
    switch (kind) {
      case 'newAudioStream':
        return response({ stream: { handle: { id: this.#nextId++ } } });
      case 'newAudioSource':
        return response({ source: { handle: { id: this.#nextId++ } } });
      case 'connect':
      case 'disconnect':
      case 'captureAudioFrame': {
        const asyncId = this.#nextId++;
        this.#pending.push({ kind, asyncId });
        return response({ asyncId });
      }
      default:
        return response({});
    }
  }
}

class PlayedRequest {
  constructor(readonly request: Message) {}
  toBinary(): Message {
    return this.request;
  }
}

class PlayedHandle {
  constructor(readonly handle: bigint) {}
  dispose(): void {}
}

function freshRtcNode(bindings: FfiBindings): RtcNode {
  const cached = fromRtcNode.cache[bindingsPath];
  if (cached === undefined) throw new Error('the bindings are not in the cache');
  const rtcNode = fromCore.resolve('@livekit/rtc-node');
  const kept = cached.exports as unknown;
  const folder = rtcNode.slice(0, rtcNode.lastIndexOf('/') + 1);
  const before = Object.entries(fromCore.cache).filter(([path]) => path.startsWith(folder));
  for (const [path] of before) delete fromCore.cache[path];
  cached.exports = bindings;
  try {
    return fromCore(rtcNode) as RtcNode;
  } finally {
    cached.exports = kept;
    for (const path of Object.keys(fromCore.cache))
      if (path.startsWith(folder)) delete fromCore.cache[path];
    for (const [path, module] of before) fromCore.cache[path] = module;
  }
}
