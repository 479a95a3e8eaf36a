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

/** Silence after the words, which voice activity detection needs to find their end. */
const TAIL_MS = 1_500;
const CHAT_TOPIC = 'lk.chat';

/** Options of {@link Caller.speak} and {@link Caller.playTone}. */
export interface SpeakOptions {
  /** Silence sent after the sound, which is not waited for; default 1500. */
  tailMs?: number;
  /** Whether to wait until a participant listens; default true. */
  awaitListener?: boolean;
  /** Time-out for the wait for a listener; default 30 000. */
  timeoutMs?: number;
}

/** Options of {@link Caller.sendText}. */
export interface SendTextOptions {
  /** Default `lk.chat`, the topic of typed words. */
  topic?: string;
  attributes?: Record<string, string>;
  /** Sends on behalf of this participant, as agents do. */
  senderIdentity?: string;
  /** Number of pieces it is sent in; default 1. */
  pieces?: number;
}

/** The connection of a caller to its process. */
export interface CallerLink {
  speech: string | undefined;
  request<Name extends CallerCommandName>(
    name: Name,
    request: CallerCommands[Name]['request'],
  ): Promise<CallerCommands[Name]['result']>;
}

/** A caller in a room: it speaks, types, and measures what it hears from the agent. */
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

  /** Identity, from the token. */
  get identity(): string {
    return this.#identity;
  }

  /** Name of the room, from the token. */
  get room(): string {
    return this.#room;
  }

  /** All events of the caller so far. */
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

  /** Called when the process has ended: pending waits reject. */
  lose(error: Error): void {
    this.#events.close(error);
  }

  /** The first event of a type, past or future. */
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

  /** Resolves with the identity of the agent once one is in the room. */
  async waitForAgent(options?: WaitOptions): Promise<string> {
    return (await this.waitForEvent('agentJoined', options)).identity;
  }

  /** Resolves with the reason once the call has ended. */
  async waitForEnd(options?: WaitOptions): Promise<string> {
    return (await this.waitForEvent('disconnected', options)).reason;
  }

  /** Says a recorded sentence or a 16 kHz mono WAV file in real time; resolves at its end. */
  speak(name = this.#link.speech, options?: SpeakOptions): Promise<Spoken> {
    if (name === undefined)
      throw new Error('speak() needs a sentence, or a default one given to join().');
    const recorded = Object.hasOwn(speech, name) ? speech[name as keyof typeof speech] : undefined;
    return this.#play({ kind: 'wav', path: recorded?.path ?? name }, options);
  }

  /** Plays a constant tone; resolves at its end. `level` is its peak from 0 to 1, default 0.3. */
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

  /** Calls an RPC method of the agent, and returns its answer. The caller itself has a method `echo`. */
  async rpc(method: string, payload = ''): Promise<string> {
    const agent = await this.waitForAgent();
    return this.#link.request('rpc', { agent, method, payload });
  }

  /** The next complete transcript: words of the agent, or what the agent understood of the caller. */
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

  /** The next typed message from another participant. */
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

  /** Resolves once `minMs` (default 200) of sound were heard from the agent, since now or, with `fromJoin`, the join. */
  waitForAudio({
    minMs = 200,
    fromJoin = false,
    timeoutMs = 30_000,
  }: { minMs?: number; fromJoin?: boolean; timeoutMs?: number } = {}): Promise<HeardAudio> {
    return this.#link.request('waitForAudio', { minMs, fromJoin, timeoutMs });
  }

  /** Resolves once the agent has been silent for `minMs` (default 600), as after its answer. */
  async waitForSilence({
    minMs = 600,
    timeoutMs = 60_000,
  }: { minMs?: number; timeoutMs?: number } = {}): Promise<void> {
    await this.#link.request('waitForSilence', { minMs, timeoutMs });
  }

  /** What was heard from the agent so far. */
  audio(): Promise<AudioReport> {
    return this.#link.request('audio', null);
  }

  /** Starts to watch for gaps: until `stopGapWatch()`, the agent should make sound without a break. */
  async startGapWatch(): Promise<void> {
    await this.#link.request('startGapWatch', null);
  }

  /** Ends the watch and returns the gaps since its start. Call it before the sound ends. */
  stopGapWatch(): Promise<GapReport> {
    return this.#link.request('stopGapWatch', null);
  }

  /** Leaves the room; ends a sentence that is being spoken. */
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
