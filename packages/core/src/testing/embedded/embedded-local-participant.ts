import {
  type ByteStreamInfo,
  type ByteStreamOptions,
  ByteStreamWriter,
  type RpcInvocationData,
  RpcError,
  type TextStreamInfo,
  TextStreamWriter,
} from '@livekit/rtc-node';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { OpenRtcError } from '../../base/errors.js';
import { EmbeddedParticipant } from './embedded-participant.js';
import type { ClientFrame, ParticipantPatch, ParticipantState, StreamFrame } from './room-wire.js';

/** Connects the participant to its room. */
export interface LocalParticipantOptions {
  /** Sends a frame. Rejects with `LINK_CLOSED` if the room is not connected. */
  readonly send: (frame: ClientFrame) => Promise<void>;
  /** Called with each change that the participant makes to itself. */
  readonly changed: (patch: ParticipantPatch) => void;
}

/** Options of a data stream, as rtc-node has them. */
export interface EmbeddedStreamOptions {
  /** The topic of the stream. Default: empty. */
  topic?: string;
  /** Attributes of the stream. Default: none. */
  attributes?: Record<string, string>;
  /** Identities of the recipients. Default: all other participants. */
  destinationIdentities?: string[];
  /** The id of the stream. Default: a random one. */
  streamId?: string;
  /** The identity to send as. Default: the participant's own. */
  senderIdentity?: string;
  /** The MIME type. Default: `text/plain` or `application/octet-stream`. */
  mimeType?: string;
  /** Name of a byte stream. Default: `unknown`. */
  name?: string;
  /** Total size in bytes. Default: unknown. */
  totalSize?: number;
}

/** Options of a data packet, as rtc-node has them. */
export interface EmbeddedDataOptions {
  /** Whether lost packets are sent again. Default: true. */
  reliable?: boolean;
  /** Identities of the recipients. Default: all other participants. */
  destination_identities?: string[];
  /** The topic of the packet. Default: empty. */
  topic?: string;
}

/** The agent in an embedded room: the text functions of a `LocalParticipant` of `@livekit/rtc-node`. */
export class EmbeddedLocalParticipant extends EmbeddedParticipant {
  readonly #options: LocalParticipantOptions;
  readonly #rpcMethods = new Map<string, (data: RpcInvocationData) => Promise<string>>();

  /** @internal */
  constructor(state: ParticipantState, options: LocalParticipantOptions) {
    super(state);
    this.#options = options;
  }

  /** Adds attributes; an empty value removes its key. Rejects with `LINK_CLOSED` if the room is not connected. */
  setAttributes(attributes: Record<string, string>): Promise<void> {
    return this.#update({ attributes });
  }

  /** Replaces the metadata. Rejects with `LINK_CLOSED` if the room is not connected. */
  updateMetadata(metadata: string): Promise<void> {
    return this.#update({ metadata });
  }

  /** Changes the name. Rejects with `LINK_CLOSED` if the room is not connected. */
  updateName(name: string): Promise<void> {
    return this.#update({ name });
  }

  /** Opens a text stream. Rejects with `LINK_CLOSED` if the room is not connected. */
  async streamText(options: EmbeddedStreamOptions = {}): Promise<TextStreamWriter> {
    const info = infoOf(options, 'text/plain');
    const sink = await this.#open(options, info, 'text');
    const stream = new WritableStream<string>({ ...sink, write: (text) => sink.push(text) });
    return new TextStreamWriter(stream, info);
  }

  /** Sends a text as one stream. Rejects with `LINK_CLOSED` if the room is not connected. */
  async sendText(text: string, options: EmbeddedStreamOptions = {}): Promise<TextStreamInfo> {
    const writer = await this.streamText({ ...options, totalSize: Buffer.byteLength(text) });
    await writer.write(text);
    await writer.close();
    return writer.info;
  }

  /** Opens a byte stream. Rejects with `LINK_CLOSED` if the room is not connected. */
  async streamBytes(options: EmbeddedStreamOptions = {}): Promise<ByteStreamWriter> {
    const info: ByteStreamInfo = {
      ...infoOf(options, 'application/octet-stream'),
      name: options.name ?? 'unknown',
    };
    const sink = await this.#open(options, info, 'bytes');
    const stream = new WritableStream<Uint8Array>({
      ...sink,
      write: (bytes) => sink.push(Buffer.from(bytes).toString('base64')),
    });
    return new ByteStreamWriter(stream, info);
  }

  /** Sends a file as one byte stream. Rejects with `LINK_CLOSED`, or with the error of the file system. */
  async sendFile(path: string, options: ByteStreamOptions = {}): Promise<void> {
    const bytes = await readFile(path);
    const name = options.name ?? basename(path);
    const writer = await this.streamBytes({ ...options, name, totalSize: bytes.byteLength });
    await writer.write(bytes);
    await writer.close();
  }

  /** Sends a data packet. Rejects with `LINK_CLOSED` if the room is not connected. */
  publishData(data: Uint8Array, options: EmbeddedDataOptions): Promise<void> {
    return this.#options.send({
      type: 'data',
      to: options.destination_identities ?? [],
      frame: {
        topic: options.topic ?? '',
        payload: Buffer.from(data).toString('base64'),
        reliable: options.reliable ?? true,
      },
    });
  }

  /** Does nothing: legacy transcriptions belong to a track, and there are none here. */
  publishTranscription(): Promise<void> {
    return Promise.resolve();
  }

  /** Rejects: an embedded room carries text only. */
  publishTrack(): Promise<never> {
    return Promise.reject(textOnly('publish a track'));
  }

  /** Rejects: an embedded room carries text only. */
  unpublishTrack(): Promise<never> {
    return Promise.reject(textOnly('unpublish a track'));
  }

  /** Rejects: an embedded room carries text only. */
  publishDtmf(): Promise<never> {
    return Promise.reject(textOnly('send DTMF'));
  }

  /** Rejects with `UNSUPPORTED_METHOD`: the callers of an embedded room offer no methods. */
  performRpc({ method }: { method: string }): Promise<never> {
    const message = `Method not supported at destination: ${method}`;
    return Promise.reject(new RpcError(RpcError.ErrorCode.UNSUPPORTED_METHOD, message));
  }

  /** Registers a method, which the callers of an embedded room never call. */
  registerRpcMethod(method: string, handler: (data: RpcInvocationData) => Promise<string>): void {
    this.#rpcMethods.set(method, handler);
  }

  /** Removes a method. */
  unregisterRpcMethod(method: string): void {
    this.#rpcMethods.delete(method);
  }

  async #update(patch: ParticipantPatch): Promise<void> {
    this.#options.changed(patch);
    await this.#options.send({ type: 'update', patch });
  }

  async #open(
    options: EmbeddedStreamOptions,
    info: TextStreamInfo & { name?: string },
    kind: 'text' | 'bytes',
  ) {
    const id = info.streamId;
    const send = (frame: StreamFrame) =>
      this.#options.send({
        type: 'stream',
        from: options.senderIdentity ?? this.identity,
        to: options.destinationIdentities ?? [],
        frame,
      });
    const { topic, mimeType, timestamp, attributes = {}, totalSize, name } = info;
    await send({
      step: 'open',
      id,
      kind,
      topic,
      mimeType,
      timestamp,
      attributes,
      ...(name === undefined ? {} : { name }),
      ...(totalSize === undefined ? {} : { totalSize }),
    });
    return {
      push: (data: string) => send({ step: 'chunk', id, data }),
      close: () => send({ step: 'close', id }),
      abort: (reason: unknown) => send({ step: 'close', id, error: String(reason) }),
    };
  }
}

function infoOf(options: EmbeddedStreamOptions, mimeType: string): TextStreamInfo {
  return {
    streamId: options.streamId ?? randomUUID(),
    mimeType: options.mimeType ?? mimeType,
    topic: options.topic ?? '',
    timestamp: Date.now(),
    attributes: { ...options.attributes },
    ...(options.totalSize === undefined ? {} : { totalSize: options.totalSize }),
  };
}

function textOnly(what: string): OpenRtcError {
  return new OpenRtcError(
    'CONFIG_INVALID_OPTION',
    `cannot ${what}: an embedded room carries text only. Start the session with ` +
      'inputOptions and outputOptions { audioEnabled: false }, or use a real LiveKit server',
  );
}
