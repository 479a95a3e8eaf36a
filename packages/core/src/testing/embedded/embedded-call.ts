import { DisconnectReason, ParticipantKind } from '@livekit/rtc-node';
import { OpenRtcError } from '../../base/errors.js';
import type { Changes } from './changes.js';
import type { EmbeddedJob, JobEnd } from './embedded-job.js';
import type { HubRoom, Member } from './hub-room.js';
import { newId } from './ids.js';
import { ReplyInbox } from './reply-inbox.js';
import { type ParticipantState, type ServerFrame, type StreamFrame } from './room-wire.js';

/** One line of the transcript of a call. */
export interface TranscriptLine {
  /** The speaker. */
  readonly from: 'caller' | 'agent';
  /** The complete text. */
  readonly text: string;
}

/** Options of {@link EmbeddedCall}. */
export interface EmbeddedCallOptions {
  /** The room to join. */
  readonly room: HubRoom;
  /** The identity of the caller. */
  readonly identity: string;
  /** The attributes of the caller. */
  readonly attributes: Record<string, string>;
  /** Notified of changes in the endpoint. */
  readonly changes: Changes;
  /** How long `say()` waits for the agent to be ready, in milliseconds. */
  readonly readyTimeoutMs: number;
}

const TOPIC_CHAT = 'lk.chat';
// A transcript of the caller is published again with each recognized word; the last one is final.
const FINAL_ATTRIBUTE = 'lk.transcription_final';
// Set by every AgentSession. Input that arrives in state `initializing` is lost.
const STATE_ATTRIBUTE = 'lk.agent.state';

/** A simulated caller in a room of an embedded endpoint, who types instead of speaking. */
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
    this.#member = { state, deliver: (frame) => this.#receive(frame) };
  }

  /** Name of the room. */
  get room(): string {
    return this.#options.room.state.name;
  }

  /** LiveKit's id of the job that answers this call. */
  get jobId(): string {
    return this.#job?.id ?? '';
  }

  /** The identity of the agent in the room; empty until a worker has accepted the job. */
  get agentIdentity(): string {
    return this.#job?.identity ?? '';
  }

  /** The conversation so far: the texts of the caller and the complete replies of the agent. */
  get transcript(): readonly TranscriptLine[] {
    return [...this.#transcript];
  }

  /** The final status of the job, as LiveKit would have recorded it. Never rejects. */
  get ended(): Promise<JobEnd> {
    return (
      this.#job?.ended ?? Promise.resolve({ status: 'failed', error: 'no job was dispatched' })
    );
  }

  /** @internal Joins the room and follows `job`. Called by the endpoint. */
  begin(job: EmbeddedJob): void {
    this.#job = job;
    this.#options.room.join(this.#member);
    void job.ended.then(({ error }) => this.#end(`the job ended${error && `: ${error}`}`));
  }

  /**
   * Waits until the agent listens, sends `text`, and resolves with the next complete reply that begins after it. Await
   * a greeting first with `nextReply()`, because one that begins now cannot be distinguished from the reply. Rejects
   * with `LINK_CLOSED` if the call ends first.
   */
  async say(text: string): Promise<string> {
    await this.#listening();
    const reply = this.#inbox.read(this.#inbox.next);
    this.#type(text);
    return reply;
  }

  /** Sends `text` once the agent listens; {@link nextReply} returns the reply. Rejects like {@link say}. */
  async type(text: string): Promise<void> {
    await this.#listening();
    this.#type(text);
  }

  /**
   * The next complete reply of the agent, e.g. its greeting. Earlier replies that were not returned yet come first.
   * Rejects with `LINK_CLOSED` if the call ends first.
   */
  nextReply(): Promise<string> {
    return this.#inbox.read();
  }

  /**
   * The next complete transcript of the caller's speech, for calls with devices (`audioDevices` of `run()`). Rejects
   * with `LINK_CLOSED` if the call ends first.
   */
  nextUnderstood(): Promise<string> {
    return this.#understood.read();
  }

  /** Hangs up: the caller leaves with `CLIENT_INITIATED`, which ends the session of the agent. */
  hangUp(): void {
    this.#leave(DisconnectReason.CLIENT_INITIATED);
  }

  /** Loses the connection: the caller leaves with `SIGNAL_CLOSE`, which does not end the session of the agent. */
  dropOut(): void {
    this.#leave(DisconnectReason.SIGNAL_CLOSE);
  }

  #receive(frame: ServerFrame): void {
    if (frame.type === 'stream' && frame.from === this.agentIdentity) {
      this.#inbox.take(frame.frame);
    } else if (frame.type === 'stream' && frame.from === this.#options.identity) {
      if (isWhole(frame.frame)) this.#understood.take(frame.frame);
    } else if (frame.type === 'participant-left' && frame.identity === this.agentIdentity) {
      this.#end('the agent left the room');
    } else if (frame.type === 'disconnected') {
      this.#end(`the caller was removed: ${DisconnectReason[frame.reason]}`);
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

  /** Ends the call. Only the first reason is reported. */
  #end(why: string): void {
    const message = `no reply from the agent in room "${this.room}": ${why}`;
    this.#over ??= new OpenRtcError('LINK_CLOSED', message);
    this.#inbox.close(this.#over);
    this.#understood.close(this.#over);
    this.#options.changes.notify();
  }
}

/** False for the start of a transcript that is not final. Without its start, the rest of a stream is ignored. */
function isWhole(frame: StreamFrame): boolean {
  return frame.step !== 'open' || frame.attributes[FINAL_ATTRIBUTE] === 'true';
}
