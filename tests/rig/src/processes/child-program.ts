import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { RecordLog } from '../record-log.js';
import { guardProcess } from './exit-guard.js';

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Options of {@link ChildProgram}. */
export interface ProgramOptions<Message = unknown> {
  /** What error messages call it. */
  name: string;
  env?: NodeJS.ProcessEnv;
  /** Its current directory; default: that of this process. */
  cwd?: string;
  /** Whether messages can be exchanged with it, for programs that run on Node; default false. */
  ipc?: boolean;
  /** Whether it gets a process group of its own, which Ctrl-C in a terminal does not reach; default false. */
  detached?: boolean;
  /** Called with every line it writes. */
  onLine?: (line: string) => void;
  /** Called with every message from it. */
  onMessage?: (message: Message) => void;
}

/** How much of the output an error shows. */
const SHOWN_OUTPUT = 4_000;

/** A program that runs in a child process. It is killed when this process ends, however that happens. */
export class ChildProgram<Message = never> {
  /** Every line it has written. */
  readonly lines = new RecordLog<string>();
  readonly messages = new RecordLog<Message>();
  readonly exited: Promise<Exit>;
  /** Resolves when it has ended and all its output was read, which may be later if its own children still write. */
  readonly closed: Promise<void>;
  readonly #child: ChildProcess;
  readonly #name: string;
  #endedWith: Error | undefined;

  constructor(command: string, args: readonly string[], options: ProgramOptions<Message>) {
    const { name, env = process.env, cwd, ipc = false, detached = false } = options;
    const { onLine, onMessage } = options;
    const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])];
    const child = spawn(command, args, { env, cwd, detached, stdio });
    const letGo = child.pid === undefined ? () => undefined : guardProcess(child.pid);
    this.#child = child;
    this.#name = name;
    for (const input of [child.stdout, child.stderr]) {
      if (input === null) continue;
      createInterface({ input }).on('line', (line) => {
        this.lines.append(line);
        onLine?.(line);
      });
    }
    child.on('message', (message) => {
      this.messages.append(message as Message);
      onMessage?.(message as Message);
    });
    this.closed = new Promise((resolve) => child.once('close', () => resolve()));
    this.exited = new Promise((resolve) => {
      const end = (why: string, exit: Exit): void => {
        letGo();
        const error = new Error(`${name} ended (${why}):\n${this.output.slice(-SHOWN_OUTPUT)}`);
        this.#endedWith = error;
        this.messages.close(error);
        this.lines.close(error);
        resolve(exit);
      };
      // A program that cannot be started has no exit.
      child.once('error', (error) => end(error.message, { code: null, signal: null }));
      child.once('exit', (code, signal) => end(signal ?? `code ${code}`, { code, signal }));
    });
  }

  /** Process id. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The error for those who still need the program, once it has ended. */
  get endedWith(): Error | undefined {
    return this.#endedWith;
  }

  get running(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** Everything it has written. */
  get output(): string {
    return this.lines.all.join('\n');
  }

  /** Resolves once a line matches; rejects at the time-out or when the program ends. */
  async writes(pattern: RegExp, timeoutMs: number): Promise<void> {
    const what = `${this.#name} to write ${String(pattern)}`;
    await this.lines.waitFor((line) => pattern.test(line), { what, timeoutMs });
  }

  /** Sends a message; resolves with the first one that comes back after it, or the first that fits. */
  ask<Reply extends Message>(
    question: object,
    options: { what: string; timeoutMs: number; fits?: (message: Message) => message is Reply },
  ): Promise<Reply> {
    const { fits = (_message): _message is Reply => true, ...waiting } = options;
    const from = this.messages.all.length;
    // A program that has ended has closed its messages, which rejects the wait below.
    this.#child.send(question, () => undefined);
    return this.messages.waitFor(fits, { ...waiting, from });
  }

  /** Sends a signal and does not wait. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends SIGTERM, and SIGKILL after `graceMs`; waits for the end. */
  async stop(graceMs: number): Promise<Exit> {
    if (this.running) this.kill('SIGTERM');
    const timer = setTimeout(() => this.kill('SIGKILL'), graceMs);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }
}
