import { fork, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import type { SpeechName } from '../speech.js';
import { Caller } from './caller.js';
import type {
  CallerCommand,
  CallerCommandName,
  CallerCommands,
  FromCallers,
  ToCallers,
} from './protocol.js';

const START_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 10_000;
/** How much output is kept, to explain why the process ended. */
const KEPT_OUTPUT = 4_000;

/** Options of {@link CallerProcess.join}. */
export interface JoinOptions {
  url: string;
  token: string;
  /** What `speak()` says by default: a recorded sentence or the path of a WAV file. */
  speech?: SpeechName | (string & {});
  /** Whether the microphone is published at once, like that of a telephone; default true. */
  microphone?: boolean;
}

/** Options of {@link startCallers}. */
export interface CallersOptions {
  /** Called with the output of the process, mostly warnings of LiveKit. Its end is also part of error messages. */
  onOutput?: (text: string) => void;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** Starts a process that hosts callers. Several can run at the same time. */
export async function startCallers(options: CallersOptions = {}): Promise<CallerProcess> {
  // By its exported name, which is the built file even when the rig runs from source.
  const entry = createRequire(import.meta.url).resolve('@openrtc/test-rig/caller-process');
  const callers = new CallerProcess(
    fork(entry, [], { execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }),
    options,
  );
  await callers.ready();
  return callers;
}

/** A child process that hosts callers: rtc-node must not be shared with a worker under test. It ends with this process. */
export class CallerProcess {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  readonly #callers = new Map<number, Caller>();
  readonly #exited: Promise<void>;
  #nextId = 1;
  #output = '';
  #ended: Error | undefined;

  /** Called by {@link startCallers}. */
  constructor(child: ChildProcess, { onOutput }: CallersOptions) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        onOutput?.(text);
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
      });
    }
    child.on('message', (message: FromCallers) => this.#take(message));
    this.#exited = new Promise((resolve) => {
      const end = (why: string): void => {
        this.#end(new Error(`The callers' process ended (${why}). ${this.#output}`.trim()));
        resolve();
      };
      child.once('error', (error) => end(error.message));
      child.once('exit', (code, signal) => end(signal ?? `code ${code}`));
    });
  }

  /** Process id. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when the process accepts commands. */
  async ready(): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), START_TIMEOUT_MS);
    await new Promise<void>((resolve, reject) => {
      this.#pending.set(0, { resolve: () => resolve(), reject });
    }).finally(() => clearTimeout(timer));
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
    if (this.#ended) return;
    this.#send({ type: 'close' });
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #request<Name extends CallerCommandName>(
    callerId: number,
    name: Name,
    request: CallerCommands[Name]['request'],
  ): Promise<CallerCommands[Name]['result']> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      // The process answers a command with the result of that command.
      this.#pending.set(id, {
        resolve: (result) => resolve(result as CallerCommands[Name]['result']),
        reject,
      });
      this.#send({ type: 'command', id, callerId, name, request } as CallerCommand);
    });
  }

  #send(message: ToCallers): void {
    this.#child.send(message, (error) => {
      if (error) this.#end(new Error(`The callers' process accepts no commands: ${error.message}`));
    });
  }

  #take(message: FromCallers): void {
    if (message.type === 'event') {
      this.#callers.get(message.callerId)?.take(message.event);
      return;
    }
    const id = message.type === 'ready' ? 0 : message.id;
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (message.type === 'ready') pending?.resolve(null);
    else if (message.ok) pending?.resolve(message.result);
    else pending?.reject(new Error(message.error));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
    for (const caller of this.#callers.values()) caller.lose(error);
  }
}
