import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const CLOSE_MS = 5_000;

/** A process that hosts callers, see `callers-go/`. It ends when its input does, so it cannot outlive this process. */
export class GoCallers {
  #child;
  #exited;
  #waiting = new Map();
  #nextId = 1;
  #output = '';

  /** Starts the program built by `buildCallers()`; all its callers say `packets`. */
  static async start(program, packets) {
    const callers = new GoCallers(spawn(program, { stdio: ['pipe', 'pipe', 'pipe'] }));
    await callers.#ask({ op: 'speech', speech: packets });
    return callers;
  }

  /** Called by start(). */
  constructor(child) {
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.#take(JSON.parse(line)));
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#output = (this.#output + text).slice(-4_000);
    });
    // Writing to a process that has ended: the exit below reports why.
    child.stdin.on('error', () => {});
    this.#exited = once(child, 'exit').then(([code, signal]) => {
      const error = new Error(
        `The callers' process ended with ${signal ?? code}. ${this.#output}`.trim(),
      );
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** Resolves when the caller is in its room and its microphone is published. */
  join(caller, { url, token }) {
    return this.#ask({ op: 'join', caller, url, token });
  }

  /** When the agent was first heard, in milliseconds since the epoch; rejects when it is not heard in time. */
  async awaitSound(caller, seconds) {
    return (await this.#ask({ op: 'awaitSound', caller, seconds })).atMs;
  }

  /** Talks for some seconds; resolves with the turns and what was heard. */
  talk(caller, { seconds, manners }) {
    return this.#ask({ op: 'talk', caller, seconds, manners });
  }

  async hangUp(caller) {
    await this.#ask({ op: 'hangUp', caller });
  }

  async close() {
    this.#child.stdin.end();
    const cut = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_MS);
    await this.#exited;
    clearTimeout(cut);
  }

  #ask(command) {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null)
      return Promise.reject(new Error(`The callers' process has ended. ${this.#output}`));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ id, ...command })}\n`);
    });
  }

  #take({ id, result, error }) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error));
  }
}
