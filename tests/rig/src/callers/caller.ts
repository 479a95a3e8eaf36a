import type { AudioReport, GapReport } from '../audio/audio-report.js';
import { RecordLog, type WaitOptions } from '../record-log.js';
import { speech } from '../speech.js';
import type {
  CallerCommandName,
  CallerCommands,
  CallerEvent,
  HeardAudio,
  JoinRequest,
  Sound,
  Spoken,
  Transcript,
} from './protocol.js';

/** Silence a voice activity detector needs after the words to hear their end. */
const TAIL_MS = 1_500;
const CHAT_TOPIC = 'lk.chat';

/** How a sound is played. */
export interface SpeakOptions {
  /** Silence sent afterwards, which is not waited for; default 1500. */
  tailMs?: number;
  /** Whether to wait first until somebody listens; default true. */
  awaitListener?: boolean;
  /** How long to wait for a listener before it fails; default 30 000. */
  timeoutMs?: number;
}

/** How a text is sent. */
export interface SendTextOptions {
  /** Default `lk.chat`, what agents take for typed words. */
  topic?: string;
  attributes?: Record<string, string>;
  /** On whose behalf; only of use to play an agent. */
  senderIdentity?: string;
  /** Sent in as many pieces; default 1. */
  pieces?: number;
}

/** What a caller needs of the process it lives in. */
export interface CallerLink {
  speech: string | undefined;
  request<Name extends CallerCommandName>(
    name: Name,
    request: CallerCommands[Name]['request'],
  ): Promise<CallerCommands[Name]['result']>;
}

/** A caller in a room: it speaks, types, listens, and measures what it hears of the agent. */
export class Caller {
  readonly #link: CallerLink;
  readonly #events = new RecordLog<CallerEvent>();
  #identity = '';
  #room = '';
  #transcriptsRead = { agent: 0, user: 0 };
  #chatsRead = 0;

  /** Called by `CallerProcess.join`. */
  constructor(link: CallerLink) {
    this.#link = link;
  }

  /** Identity, as the token says. */
  get identity(): string {
    return this.#identity;
  }

  /** Name of the room, as the token says. */
  get room(): string {
    return this.#room;
  }

  /** Everything that happened to the caller so far. */
  get events(): readonly CallerEvent[] {
    return this.#events.all;
  }

  /** Every transcript so far. */
  get transcripts(): Transcript[] {
    return this.events.flatMap((event) => (event.type === 'transcript' ? [event.transcript] : []));
  }

  /** Called by `CallerProcess.join`. */
  async join(request: JoinRequest): Promise<void> {
    const { identity, room } = await this.#link.request('join', request);
    this.#identity = identity;
    this.#room = room;
  }

  /** Called by the process for each event. */
  take(event: CallerEvent): void {
    this.#events.append(event);
  }

  /** Called when the process is gone: who waits is told. */
  lose(error: Error): void {
    this.#events.close(error);
  }

  /** The first event that fits, of the past or of the future. */
  waitForEvent<Type extends CallerEvent['type']>(
    type: Type,
    options: WaitOptions = {},
  ): Promise<Extract<CallerEvent, { type: Type }>> {
    const fits = (event: CallerEvent): event is Extract<CallerEvent, { type: Type }> =>
      event.type === type;
    return this.#events.waitFor(fits, {
      what: `event '${type}' of caller ${this.#identity}`,
      ...options,
    });
  }

  /** Identity of the agent, once one is in the room. */
  async waitForAgent(options?: WaitOptions): Promise<string> {
    return (await this.waitForEvent('agentJoined', options)).identity;
  }

  /** Why the call ended, once it has. */
  async waitForEnd(options?: WaitOptions): Promise<string> {
    return (await this.waitForEvent('disconnected', options)).reason;
  }

  /** Says a recorded sentence or a 16 kHz mono WAV file at the pace of real time, and resolves at its end. */
  speak(name = this.#link.speech, options?: SpeakOptions): Promise<Spoken> {
    if (name === undefined)
      throw new Error('speak() needs the name of a sentence, or join() one to say by default.');
    const recorded = Object.hasOwn(speech, name) ? speech[name as keyof typeof speech] : undefined;
    return this.#play({ kind: 'wav', path: recorded?.path ?? name }, options);
  }

  /** Plays a constant tone, and resolves at its end; `level` is its peak from 0 to 1, default 0.3. */
  playTone(
    sound: { hz: number; durationMs: number; level?: number },
    options?: SpeakOptions,
  ): Promise<Spoken> {
    return this.#play({ kind: 'tone', ...sound }, options);
  }

  /** Types a message to the agent. */
  async sendText(
    text: string,
    { topic = CHAT_TOPIC, ...options }: SendTextOptions = {},
  ): Promise<void> {
    await this.#link.request('sendText', { text, topic, ...options });
  }

  /** The next complete transcript that was not handed out yet: words of the agent, or what it understood of the caller. */
  async nextTranscript(
    from: Transcript['from'] = 'agent',
    options: WaitOptions = {},
  ): Promise<Transcript> {
    const index = this.#transcriptsRead[from];
    const what = `transcript ${index + 1} from the ${from} at caller ${this.#identity}`;
    const arrived = (): Transcript | undefined =>
      this.transcripts.filter((each) => each.from === from)[index];
    await this.#events.waitFor(() => arrived() !== undefined, { what, ...options });
    this.#transcriptsRead[from] = index + 1;
    return arrived() as Transcript;
  }

  /** The next typed message of somebody else that was not handed out yet. */
  async nextChat(options: WaitOptions = {}): Promise<string> {
    const index = this.#chatsRead;
    const arrived = (): string | undefined =>
      this.events.flatMap((event) => (event.type === 'chat' ? [event.text] : []))[index];
    await this.#events.waitFor(() => arrived() !== undefined, {
      what: `typed message ${index + 1} at caller ${this.#identity}`,
      ...options,
    });
    this.#chatsRead = index + 1;
    return arrived() as string;
  }

  /** Resolves once `minMs` (default 200) of the agent's sound were heard, counted from now, or from the join with `fromJoin`. */
  waitForAudio({
    minMs = 200,
    fromJoin = false,
    timeoutMs = 30_000,
  }: { minMs?: number; fromJoin?: boolean; timeoutMs?: number } = {}): Promise<HeardAudio> {
    return this.#link.request('waitForAudio', { minMs, fromJoin, timeoutMs });
  }

  /** Resolves once the agent has made no sound for `minMs` (default 600), as after its answer. */
  async waitForSilence({
    minMs = 600,
    timeoutMs = 60_000,
  }: { minMs?: number; timeoutMs?: number } = {}): Promise<void> {
    await this.#link.request('waitForSilence', { minMs, timeoutMs });
  }

  /** What was heard of the agent so far. */
  audio(): Promise<AudioReport> {
    return this.#link.request('audio', null);
  }

  /** From now until `stopGapWatch()` the agent is expected to make sound without a break. */
  async startGapWatch(): Promise<void> {
    await this.#link.request('startGapWatch', null);
  }

  /** Call it while the sound still goes on; what is silent or missing since the start of the watch is a gap. */
  stopGapWatch(): Promise<GapReport> {
    return this.#link.request('stopGapWatch', null);
  }

  /** Leaves the room; a sentence under way ends. */
  async hangUp(): Promise<void> {
    await this.#link.request('hangUp', null);
  }

  #play(
    sound: Sound,
    { tailMs = TAIL_MS, awaitListener = true, timeoutMs = 30_000 }: SpeakOptions = {},
  ): Promise<Spoken> {
    return this.#link.request('play', { sound, tailMs, awaitListener, timeoutMs });
  }
}
