import { createRequire } from 'node:module';
import { ChildProgram } from '../processes/child-program.js';
import type { SpeechName } from '../speech.js';
import { Caller } from './caller.js';
import type { CallerCommand, CallerCommandName, CallerCommands, FromCallers } from './protocol.js';

const START_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 10_000;
/** Commands have time-outs of their own, or last as long as a sound. */
const COMMAND_TIMEOUT_MS = 3_600_000;

/** Options of {@link CallerProcess.join}. */
export interface JoinOptions {
  url: string;
  token: string;
  /** What `speak()` says by default: a recorded sentence or the path of a WAV file. */
  speech?: SpeechName | (string & {});
  /** Whether the microphone is published at once, like that of a telephone; default true. */
  microphone?: boolean;
}

type Reply = Extract<FromCallers, { type: 'reply' }>;

/** Starts a process that hosts callers. Several can run at the same time. */
export async function startCallers(): Promise<CallerProcess> {
  const callers = new CallerProcess();
  await callers.ready();
  return callers;
}

/** A child process that hosts callers: rtc-node must not be shared with a worker under test. It ends with this process. */
export class CallerProcess {
  readonly #program: ChildProgram<FromCallers>;
  readonly #callers = new Map<number, Caller>();
  #nextId = 1;

  /** Called by {@link startCallers}. */
  constructor() {
    // By its exported name, which is the built file even when the rig runs from source.
    const entry = createRequire(import.meta.url).resolve('@openrtc/test-rig/caller-process');
    this.#program = new ChildProgram(process.execPath, [entry], {
      name: "The callers' process",
      ipc: true,
      onMessage: (message) => {
        if (message.type === 'event') this.#callers.get(message.callerId)?.take(message.event);
      },
    });
    void this.#program.exited.then(() => {
      const error = this.#program.endedWith;
      for (const caller of this.#callers.values()) if (error !== undefined) caller.lose(error);
    });
  }

  /** Process id. */
  get pid(): number {
    return this.#program.pid;
  }

  /** Resolves when the process accepts commands. */
  async ready(): Promise<void> {
    const waiting = { what: "the callers' process", timeoutMs: START_TIMEOUT_MS };
    try {
      await this.#program.messages.waitFor(({ type }) => type === 'ready', waiting);
    } catch (error) {
      await this.#program.stop(0);
      throw error;
    }
  }

  /** Joins a room with a new caller, and resolves when it is connected and its microphone is published. */
  async join({ url, token, speech, microphone = true }: JoinOptions): Promise<Caller> {
    const callerId = this.#nextId++;
    const caller = new Caller({
      speech,
      request: (name, request) => this.#request(callerId, name, request),
    });
    this.#callers.set(callerId, caller);
    await caller.join({ url, token, microphone });
    return caller;
  }

  /** Hangs up all callers and ends the process. */
  async close(): Promise<void> {
    await this.#program.stop(CLOSE_TIMEOUT_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #request<Name extends CallerCommandName>(
    callerId: number,
    name: Name,
    request: CallerCommands[Name]['request'],
  ): Promise<CallerCommands[Name]['result']> {
    const id = this.#nextId++;
    const command = { type: 'command', id, callerId, name, request } as CallerCommand;
    const reply = await this.#program.ask(command, {
      what: `the reply to '${name}' of a caller`,
      timeoutMs: COMMAND_TIMEOUT_MS,
      fits: (message): message is Reply => message.type === 'reply' && message.id === id,
    });
    if (!reply.ok) throw new Error(reply.error);
    // The process answers a command with the result of that command.
    return reply.result;
  }
}
