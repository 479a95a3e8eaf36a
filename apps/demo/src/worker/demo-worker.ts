import { type Exit, type LiveKitAddress, WorkerProcess } from '@openrtc/test-rig';
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { FromWorker, ToWorker } from './messages.js';

type Message<Type extends FromWorker['type']> = Extract<FromWorker, { type: Type }>;

const START_TIMEOUT_MS = 60_000;
const STATE_TIMEOUT_MS = 10_000;
/** A pool ends live calls within 4 s of the second signal. */
const FAREWELL_MS = 6_000;

/** The worker in a process of its own: memory, CPU time and exit code are the worker's alone. */
export class DemoWorker extends WorkerProcess<FromWorker> {
  #signals = 0;

  constructor(livekit: LiveKitAddress, { logFile }: { logFile?: string } = {}) {
    super(livekit, {
      file: fileURLToPath(new URL('worker/worker-main.js', import.meta.url)),
      ipc: true,
      // Ctrl-C in a terminal goes to the whole process group; the demo decides when its worker drains.
      detached: true,
      ...(logFile !== undefined && { onLine: (line) => appendFileSync(logFile, `${line}\n`) }),
    });
  }

  /** The first message of a type that fits, past or future. */
  waitFor<Type extends FromWorker['type']>(
    type: Type,
    fits: (message: Message<Type>) => boolean = () => true,
    options: { timeoutMs?: number; from?: number } = {},
  ): Promise<Message<Type>> {
    const wanted = (message: FromWorker): message is Message<Type> =>
      message.type === type && fits(message as Message<Type>);
    return this.messages.waitFor(wanted, { what: `'${type}' of the worker`, ...options });
  }

  /** Resolves with the names of the agents once LiveKit knows the worker. */
  async agents(): Promise<readonly string[]> {
    return (await this.waitFor('registered', undefined, { timeoutMs: START_TIMEOUT_MS })).agents;
  }

  /** The routing rule that chose the agent of a call, as the pool logged it when it accepted the call. */
  async routedBy(jobId: string): Promise<string> {
    const line = await this.lines.waitFor(
      (each) => each.includes('"accepted a call"') && each.includes(`"${jobId}"`),
      { what: `how ${jobId} was routed`, timeoutMs: 5_000 },
    );
    return (JSON.parse(line) as { by: string }).by;
  }

  /** What the worker does at this moment, and what it has used so far. */
  state(): Promise<Message<'state'>> {
    return this.ask({ type: 'reportState' } satisfies ToWorker, {
      what: 'the state of the worker',
      timeoutMs: STATE_TIMEOUT_MS,
      fits: (message) => message.type === 'state',
    });
  }

  /**
   * Drains the worker and waits for its end: SIGTERM, a second SIGTERM after `patienceMs`, which ends live calls, and
   * at last SIGKILL. A later call may be less patient.
   */
  override async stop(patienceMs: number): Promise<Exit> {
    this.#terminate(1);
    const timers = [
      setTimeout(() => this.#terminate(2), patienceMs),
      setTimeout(() => this.kill('SIGKILL'), patienceMs + FAREWELL_MS),
    ];
    const exit = await this.exited;
    for (const timer of timers) clearTimeout(timer);
    return exit;
  }

  /** Sends SIGTERM until it was sent `times` times: a pool takes a third one as a request to be killed. */
  #terminate(times: number): void {
    if (!this.running || this.#signals >= times) return;
    this.#signals += 1;
    this.kill('SIGTERM');
  }
}
