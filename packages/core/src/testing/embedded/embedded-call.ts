import { DisconnectReason, ParticipantKind } from '@livekit/rtc-node';
import { OpenRtcError } from '../../base/errors.js';
import type { Changes } from './changes.js';
import type { EmbeddedJob, JobEnd } from './embedded-job.js';
import type { HubRoom, Member } from './hub-room.js';
import { newId } from './ids.js';
import { ReplyInbox } from './reply-inbox.js';
import { type ParticipantState, type ServerFrame, type StreamFrame } from './room-wire.js';

/** One thing that was said in a call. */
export interface TranscriptLine {
  readonly from: 'caller' | 'agent';
  readonly text: string;
}

/** What {@link EmbeddedCall} needs from the endpoint. */
export interface EmbeddedCallOptions {
  readonly room: HubRoom;
  readonly identity: string;
  readonly attributes: Record<string, string>;
  readonly changes: Changes;
  /** How long `say()` waits for the agent to be ready, in milliseconds. */
  readonly readyTimeoutMs: number;
}

const TOPIC_CHAT = 'lk.chat';
// Words of the caller are published anew with each that is recognised; the last time they are final.
const FINAL_ATTRIBUTE = 'lk.transcription_final';
// Set by every AgentSession; what an agent hears before it is past `initializing` is lost.
const STATE_ATTRIBUTE = 'lk.agent.state';

/** A caller in a room of an embedded endpoint, who types instead of talking. */
export class EmbeddedCall {
  readonly #options: EmbeddedCallOptions;
  readonly #member: Member;
  readonly #inbox: ReplyInbox;
  readonly #understood: ReplyInbox;
  readonly #transcript: TranscriptLine[] = [];
  #job: EmbeddedJob | undefined;
  #over: OpenRtcError | undefined;

  /** @internal Use `EmbeddedLiveKit.call()`. */
  constructor(options: EmbeddedCallOptions) {
    this.#options = options;
    this.#inbox = new ReplyInbox((text) => this.#transcript.push({ from: 'agent', text }));
    this.#understood = new ReplyInbox((text) => this.#transcript.push({ from: 'caller', text }));
    const state: ParticipantState = {
      identity: options.identity,
      sid: newId('PA'),
      name: options.identity,
      metadata: '',
      attributes: { ...options.attributes },
      kind: ParticipantKind.STANDARD,
    };
    this.#member = { state, deliver: (frame) => this.#take(frame) };
  }

  /** Name of the room. */
  get room(): string {
    return this.#options.room.state.name;
  }

  /** LiveKit's id of the job that answers this call. */
  get jobId(): string {
    return this.#job?.id ?? '';
  }

  /** The identity of the agent in the room. */
  get agentIdentity(): string {
    return this.#job?.identity ?? '';
  }

  /** What was said so far: the caller's texts, and the agent's complete replies. */
  get transcript(): readonly TranscriptLine[] {
    return [...this.#transcript];
  }

  /** The final status of the job, as LiveKit would have recorded it. Never rejects. */
  get ended(): Promise<JobEnd> {
    return (
      this.#job?.ended ?? Promise.resolve({ status: 'failed', error: 'no job was dispatched' })
    );
  }

  /** @internal The caller comes in, and waits for the agent of `job`. Called by the endpoint. */
  begin(job: EmbeddedJob): void {
    this.#job = job;
    this.#options.room.join(this.#member);
    void job.ended.then(({ error }) => this.#end(`the job ended${error && `: ${error}`}`));
  }

  /**
   * Types `text` and resolves with the agent's next complete reply, of those begun after it. Waits
   * until the agent listens. Take a greeting first, with `nextReply()`: one that begins just now
   * cannot be told from the reply. Rejects with `LINK_CLOSED` when the call ends first.
   */
  async say(text: string): Promise<string> {
    await this.#listening();
    const reply = this.#inbox.read(this.#inbox.next);
    this.#type(text);
    return reply;
  }

  /** Types `text` once the agent listens, and leaves its reply to {@link nextReply}. Rejects as {@link say}. */
  async type(text: string): Promise<void> {
    await this.#listening();
    this.#type(text);
  }

  /**
   * The agent's next complete reply, e.g. its greeting; replies that came earlier and were not
   * taken count. Rejects with `LINK_CLOSED` when the call ends first.
   */
  nextReply(): Promise<string> {
    return this.#inbox.read();
  }

  /**
   * What the agent has understood of the caller's speech next, where the call has devices (`audioDevices` of
   * `run()`). Rejects with `LINK_CLOSED` when the call ends first.
   */
  nextUnderstood(): Promise<string> {
    return this.#understood.read();
  }

  /** The caller hangs up: it leaves with `CLIENT_INITIATED`, which ends an agent's session. */
  hangUp(): void {
    this.#leave(DisconnectReason.CLIENT_INITIATED);
  }

  /** The caller's line breaks: it leaves with `SIGNAL_CLOSE`, which an agent's session survives. */
  dropOut(): void {
    this.#leave(DisconnectReason.SIGNAL_CLOSE);
  }

  #take(frame: ServerFrame): void {
    if (frame.type === 'stream' && frame.from === this.agentIdentity) {
      this.#inbox.take(frame.frame);
    } else if (frame.type === 'stream' && frame.from === this.#options.identity) {
      if (isWhole(frame.frame)) this.#understood.take(frame.frame);
    } else if (frame.type === 'participant-left' && frame.identity === this.agentIdentity) {
      this.#end('the agent left the room');
    } else if (frame.type === 'disconnected') {
      this.#end(`the caller was put out: ${DisconnectReason[frame.reason]}`);
    }
  }

  async #listening(): Promise<void> {
    await this.#ready();
    if (this.#over !== undefined) throw this.#over;
  }

  #type(text: string): void {
    this.#transcript.push({ from: 'caller', text });
    this.#send(text);
  }

  async #ready(): Promise<void> {
    const { room, changes, readyTimeoutMs } = this.#options;
    const state = () =>
      room.members.find((member) => member.state.identity === this.agentIdentity)?.state.attributes[
        STATE_ATTRIBUTE
      ];
    const ready = () => !['initializing', undefined].includes(state());
    await changes.until(
      () => ready() || this.#over !== undefined,
      `the agent to listen (its attribute ${STATE_ATTRIBUTE})`,
      readyTimeoutMs,
    );
  }

  #send(text: string): void {
    const id = crypto.randomUUID();
    const steps: StreamFrame[] = [
      {
        step: 'open',
        id,
        kind: 'text',
        topic: TOPIC_CHAT,
        mimeType: 'text/plain',
        timestamp: Date.now(),
        attributes: {},
      },
      { step: 'chunk', id, data: text },
      { step: 'close', id },
    ];
    for (const frame of steps) {
      this.#options.room.take(this.#member, {
        type: 'stream',
        from: this.#options.identity,
        to: [],
        frame,
      });
    }
  }

  #leave(reason: DisconnectReason): void {
    this.#end('the caller has left');
    this.#options.room.leave(this.#member, reason);
  }

  /** The first reason is the one the caller of `say()` reads. */
  #end(why: string): void {
    const message = `no reply from the agent in room "${this.room}": ${why}`;
    this.#over ??= new OpenRtcError('LINK_CLOSED', message);
    this.#inbox.close(this.#over);
    this.#understood.close(this.#over);
    this.#options.changes.notify();
  }
}

/** Of a stream that was not begun nothing more is taken. */
function isWhole(frame: StreamFrame): boolean {
  return frame.step !== 'open' || frame.attributes[FINAL_ATTRIBUTE] === 'true';
}
