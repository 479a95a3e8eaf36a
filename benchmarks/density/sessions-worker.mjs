import { startEmbeddedLiveKit } from '@openrtc/core/testing';
import { nodeChildren } from '@openrtc/test-rig';
import { fileURLToPath } from 'node:url';
import { MeasuredWorker } from '../src/run-worker.mjs';

const JOIN_MS = 60_000;
// A row of 500 sessions that all have to talk takes minutes.
const ANSWER_MS = 600_000;
const LOG_KEPT = 4_000;

/**
 * Starts a fresh worker for one measurement. The LiveKit endpoint and the callers run in this process, so that they
 * do not count as part of the worker.
 */
export async function withWorker({ file, args = [] }, measure) {
  // LiveKit itself waits 3 s for an answer. Here many callers come at once, and answer times are not measured.
  const livekit = await startEmbeddedLiveKit({ availabilityTimeoutMs: JOIN_MS });
  const worker = new SessionsWorker(livekit, { file, args });
  try {
    await worker.orEnded(livekit.until(({ workers }) => workers.length > 0, JOIN_MS));
    return await measure(worker);
  } catch (error) {
    worker.explain(error);
    throw error;
  } finally {
    await worker.stop();
    await livekit.close();
  }
}

class SessionsWorker extends MeasuredWorker {
  #livekit;
  #calls = [];
  #placed = 0;

  constructor(livekit, { file, args }) {
    super(livekit, {
      file: fileURLToPath(new URL(`./workers/${file}`, import.meta.url)),
      args,
      ipc: true,
      env: { LIVEKIT_LOG_LEVEL: 'error' },
    });
    this.#livekit = livekit;
  }

  /** Adds the last output of the worker to an error that it may explain. */
  explain(error) {
    const output = this.output.slice(-LOG_KEPT);
    if (output !== '' && !error.message.includes(output))
      error.message += `\nThe worker's last output:\n${output}`;
  }

  /** Resolves like `work`; rejects when the worker ends first. */
  orEnded(work) {
    const ended = this.exited.then(({ code, signal }) => {
      throw new Error(`The worker ended (${signal ?? code})`);
    });
    return Promise.race([work, ended]);
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
  async question(question) {
    const waiting = { what: `the worker to ${question.to}`, timeoutMs: ANSWER_MS };
    const { answer, error } = await this.ask(question, waiting);
    if (error !== undefined)
      throw new Error(`The worker could not ${question.to}: ${String(error)}`);
    return answer;
  }

  /** Sends a signal to the worker and its processes of calls. */
  signal(name) {
    for (const { pid } of [this, ...nodeChildren(this.pid)]) process.kill(pid, name);
  }

  /** Kills the worker: everything has been measured. Its processes end with it. */
  stop() {
    return super.stop(0);
  }
}
