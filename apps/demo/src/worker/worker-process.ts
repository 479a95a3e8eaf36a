import { RecordLog } from '@openrtc/test-rig';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { FromWorker, ToWorker } from './messages.js';
import { WorkerLog } from './worker-log.js';

/** Where the worker connects to. */
export interface Credentials {
  url: string;
  apiKey: string;
  apiSecret: string;
}

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

type Message<Type extends FromWorker['type']> = Extract<FromWorker, { type: Type }>;

const START_TIMEOUT_MS = 60_000;
const STATE_TIMEOUT_MS = 10_000;
/** A pool ends live calls within 4 s when it is told to. */
const FAREWELL_MS = 6_000;

/** The worker in a process of its own, so that memory, CPU time and exit code are a worker's alone. */
export class WorkerProcess {
  readonly messages = new RecordLog<FromWorker>();
  readonly log: WorkerLog;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #signals = 0;

  constructor(livekit: Credentials, options: { logFile?: string } = {}) {
    this.#child = fork(fileURLToPath(new URL('worker/worker-main.js', import.meta.url)), [], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
      env: environment(livekit),
      // Ctrl-C on a terminal goes to a whole group of processes; the demo says when its worker drains.
      detached: true,
    });
    this.log = new WorkerLog([this.#child.stdout, this.#child.stderr], options.logFile);
    this.#child.on('message', (message) => this.messages.append(message as FromWorker));
    this.exited = once(this.#child, 'exit').then(([code, signal]) => {
      this.messages.close(new Error(`the worker ended with ${String(code ?? signal)}`));
      return { code: code as number | null, signal: signal as NodeJS.Signals | null };
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The first message of a type, of the past or of the future, that fits. */
  waitFor<Type extends FromWorker['type']>(
    type: Type,
    fits: (message: Message<Type>) => boolean = () => true,
    options: { timeoutMs?: number; from?: number } = {},
  ): Promise<Message<Type>> {
    const wanted = (message: FromWorker): message is Message<Type> =>
      message.type === type && fits(message as Message<Type>);
    return this.messages.waitFor(wanted, { what: `'${type}' of the worker`, ...options });
  }

  /** Resolves once LiveKit knows the worker; with the names of its agents. */
  async registered(): Promise<readonly string[]> {
    return (await this.waitFor('registered', undefined, { timeoutMs: START_TIMEOUT_MS })).agents;
  }

  /** What the worker does at this moment, and what it has used so far. */
  state(): Promise<Message<'state'>> {
    const from = this.messages.all.length;
    // A worker that is gone has closed the messages, so that who waits is told.
    this.#child.send({ type: 'tellState' } satisfies ToWorker, () => undefined);
    return this.waitFor('state', undefined, { timeoutMs: STATE_TIMEOUT_MS, from });
  }

  /**
   * Drains the worker and waits for its end: SIGTERM; once more after `patienceMs`, which ends live calls; at last
   * SIGKILL. Called again it may be less patient.
   */
  async stop(patienceMs: number): Promise<Exit> {
    this.#terminate(1);
    const timers = [
      setTimeout(() => this.#terminate(2), patienceMs),
      setTimeout(() => this.#child.kill('SIGKILL'), patienceMs + FAREWELL_MS),
    ];
    const exit = await this.exited;
    for (const timer of timers) clearTimeout(timer);
    return exit;
  }

  /** Sends SIGTERM until it was sent `times` times: a pool takes the third one for the wish to be killed. */
  #terminate(times: number): void {
    if (!this.running || this.#signals >= times) return;
    this.#signals += 1;
    this.#child.kill('SIGTERM');
  }
}

function environment({ url, apiKey, apiSecret }: Credentials): NodeJS.ProcessEnv {
  // Settings of another worker, an agent name say, would keep the demo's calls from this one.
  const rest = Object.entries(process.env).filter(([name]) => !name.startsWith('LIVEKIT_'));
  return {
    ...Object.fromEntries(rest),
    NODE_ENV: 'production',
    MALLOC_ARENA_MAX: '2',
    LIVEKIT_URL: url,
    LIVEKIT_API_KEY: apiKey,
    LIVEKIT_API_SECRET: apiSecret,
  };
}
