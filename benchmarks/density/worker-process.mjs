import { startEmbeddedLiveKit } from '@openrtc/core/testing';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isRunning, nodeChildren, treePids } from '../src/process-tree.mjs';

const JOIN_MS = 60_000;
// What ends by itself has ended by then; see `processes()`.
const GONE_MS = 5_000;
const LOG_KEPT = 4_000;

/**
 * A fresh worker in a process of its own, for one measurement. The LiveKit endpoint and the callers are in this
 * process, so that they do not count as the worker's.
 */
export async function withWorker({ file, args = [], flags = [] }, measure) {
  // LiveKit itself waits 3 s for an answer. How fast it comes is not what is measured here, and callers come fast.
  const livekit = await startEmbeddedLiveKit({ availabilityTimeoutMs: JOIN_MS });
  const worker = new WorkerProcess(livekit, { file, args, flags });
  try {
    await worker.orEnded(livekit.until(({ workers }) => workers.length > 0, JOIN_MS));
    return await measure(worker);
  } catch (error) {
    worker.tell(error);
    throw error;
  } finally {
    await worker.stop();
    await livekit.close();
  }
}

class WorkerProcess {
  #livekit;
  #child;
  #ended;
  #calls = [];
  #placed = 0;
  #output = '';
  #stopped = false;
  #kill = () => this.#child.kill('SIGKILL');

  constructor(livekit, { file, args, flags }) {
    this.#livekit = livekit;
    this.#child = fork(fileURLToPath(new URL(`./workers/${file}`, import.meta.url)), args, {
      execArgv: flags,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        ...process.env,
        NODE_ENV: 'production',
        MALLOC_ARENA_MAX: '2',
        LIVEKIT_URL: livekit.url,
        LIVEKIT_API_KEY: livekit.apiKey,
        LIVEKIT_API_SECRET: livekit.apiSecret,
        LIVEKIT_LOG_LEVEL: 'error',
      },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.on('data', (text) => (this.#output = (this.#output + text).slice(-LOG_KEPT)));
    this.#ended = once(this.#child, 'exit').then(([code, signal]) => {
      throw new Error(`The worker ended (${signal ?? code}):\n${this.#output}`);
    });
    this.#ended.catch(() => {
      // Whoever waits for something of it learns of it; at other times stop() is why.
    });
    process.on('exit', this.#kill);
  }

  get pid() {
    return this.#child.pid;
  }

  /** Adds what the worker has logged to an error it may explain. */
  tell(error) {
    if (this.#output !== '' && !error.message.includes(this.#output))
      error.message += `\nThe worker said last:\n${this.#output}`;
  }

  /** The work, or why the worker ended before it was done. */
  orEnded(work) {
    return Promise.race([work, this.#ended]);
  }

  /** Callers dial until there are `sessions`, so many at a time; resolves when every agent is in its room. */
  async place(sessions, { atOnce }) {
    const dial = async () => {
      while (this.#placed < sessions) {
        this.#placed += 1;
        this.#calls.push(await this.#livekit.call({ joinTimeoutMs: JOIN_MS }));
      }
    };
    await this.orEnded(Promise.all(Array.from({ length: atOnce }, dial)));
  }

  /** Callers hang up until there are `sessions`. */
  hangUp(sessions) {
    for (const call of this.#calls.splice(sessions)) call.hangUp();
    this.#placed = sessions;
  }

  /** Sends a question to the worker's program and resolves with its answer; one at a time. */
  async ask(question) {
    const answered = once(this.#child, 'message');
    this.#child.send(question);
    const [{ answer, error }] = await this.orEnded(answered);
    if (error !== undefined) throw new Error(`The worker could not ${question.to}: ${error}`);
    return answer;
  }

  /** A signal to the worker and its processes of calls. */
  signal(name) {
    for (const pid of [this.pid, ...nodeChildren(this.pid).map(({ pid: child }) => child)])
      process.kill(pid, name);
  }

  /** Ends it for good: what it measured has been measured. Its processes end with it; waits for that. */
  async stop() {
    if (this.#stopped) return;
    this.#stopped = true;
    const all = treePids(this.pid);
    this.#kill();
    await this.#ended.catch(() => {});
    process.off('exit', this.#kill);
    const deadline = performance.now() + GONE_MS;
    for (let left = all; left.length > 0; left = left.filter(isRunning)) {
      if (performance.now() > deadline) for (const pid of left) killQuietly(pid);
      await sleep(50);
    }
  }
}

function killQuietly(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended meanwhile.
    if (error.code !== 'ESRCH') throw error;
  }
}
