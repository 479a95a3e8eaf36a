import type { ProcessUsage, RuntimeSnapshot, SessionInfo, SessionResult } from '@openrtc/core';
import type { ProcessesOptions } from '@openrtc/isolation-process';
import { RecordLog } from '@openrtc/test-rig';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a worker process tells. */
export type WorkerMessage =
  | { type: 'started'; info: SessionInfo }
  | { type: 'ended'; info: SessionInfo; outcome: SessionResult }
  | { type: 'snapshot'; snapshot: RuntimeSnapshot }
  | { type: 'listeners'; counts: number[] }
  | { type: 'resources'; counts: Record<string, number> }
  | { type: 'processes'; processes: readonly ProcessUsage[] }
  | { type: 'resolved' };

/** How the worker is set up, see fixtures/worker.mjs. */
export interface WorkerSetup {
  /** Whether calls run through `cloning()`, and not through the isolation that fixtures/isolation.mjs chooses. */
  cloned?: boolean;
  /** For tests of one isolation only: its name in fixtures/isolation.mjs, whatever the environment says. */
  isolation?: string;
  /** Options of `processes()`. */
  processes?: ProcessesOptions;
  agents?:
    | 'three'
    | 'text'
    | 'hearing'
    | 'monologue'
    | 'sharing'
    | 'closing'
    | 'faulty'
    | 'leaving'
    | 'failing-providers'
    | 'inner-providers'
    | 'music'
    | 'examples'
    | 'tenants';
  pool?: Record<string, unknown>;
  /** The `cgroup.procs` of the control group that it runs in, with all its processes. */
  procs?: string;
  /** Environment variables of its own, which its processes have too. */
  env?: Record<string, string>;
}

/** Where a worker connects: a real server or the embedded endpoint. */
export interface LiveKitAddress {
  readonly url: string;
  readonly apiKey: string;
  readonly apiSecret: string;
}

// Before Node starts: memory stays with the group in which it was first used.
const inGroup = {
  execPath: '/bin/sh',
  execArgv: ['-c', 'echo $$ > "$OPENRTC_E2E_PROCS" && exec "$OPENRTC_E2E_NODE" "$0"'],
};

/** A worker in a process of its own. */
export class WorkerProcess {
  readonly messages = new RecordLog<WorkerMessage>();
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly #child: ChildProcess;
  #output = '';

  private constructor(server: LiveKitAddress, setup: WorkerSetup) {
    this.#child = fork(fileURLToPath(new URL('../fixtures/worker.mjs', import.meta.url)), {
      ...(setup.procs === undefined ? {} : inGroup),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        ...process.env,
        NODE_ENV: 'production',
        LIVEKIT_URL: server.url,
        LIVEKIT_API_KEY: server.apiKey,
        LIVEKIT_API_SECRET: server.apiSecret,
        OPENRTC_E2E_PROCS: setup.procs,
        OPENRTC_E2E_NODE: process.execPath,
        OPENRTC_E2E_WORKER: JSON.stringify(setup),
        OPENRTC_E2E_PROCESSES: JSON.stringify(setup.processes ?? {}),
        ...setup.env,
      },
    });
    this.#child.stdout?.on('data', (text: Buffer) => (this.#output += text.toString()));
    this.#child.stderr?.on('data', (text: Buffer) => (this.#output += text.toString()));
    this.#child.on('message', (message) => this.messages.append(message as WorkerMessage));
    this.exited = once(this.#child, 'exit').then(([code, signal]) => {
      this.messages.close(
        new Error(
          `The worker ended with ${String(code ?? signal)}:\n${this.#output.slice(-4_000)}`,
        ),
      );
      return { code: code as number | null, signal: signal as NodeJS.Signals | null };
    });
  }

  /** Starts a worker; resolves once the server knows it. */
  static async start(server: LiveKitAddress, setup: WorkerSetup = {}): Promise<WorkerProcess> {
    const worker = new WorkerProcess(server, setup);
    await Promise.race([
      worker.#registered(),
      worker.exited.then(() => worker.messages.waitFor(() => false)),
    ]);
    return worker;
  }

  /** Everything it has written. */
  get output(): string {
    return this.#output;
  }

  /** Process id. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  started(room: string): Promise<Extract<WorkerMessage, { type: 'started' }>> {
    const fits = (message: WorkerMessage) =>
      message.type === 'started' && message.info.room === room;
    return this.messages.waitFor(fits as never, { what: `the start of the call in ${room}` });
  }

  ended(room: string, timeoutMs = 60_000): Promise<Extract<WorkerMessage, { type: 'ended' }>> {
    const fits = (message: WorkerMessage) => message.type === 'ended' && message.info.room === room;
    return this.messages.waitFor(fits as never, {
      what: `the end of the call in ${room}`,
      timeoutMs,
    });
  }

  async snapshot(): Promise<RuntimeSnapshot> {
    return (await this.#ask('snapshot')).snapshot;
  }

  /** The processes its calls run in. */
  async processes(): Promise<readonly ProcessUsage[]> {
    return (await this.#ask('processes')).processes;
  }

  /** How many listeners each of the providers that calls share has, see fixtures/sharing-agent.mjs. */
  async listeners(): Promise<number[]> {
    return (await this.#ask('listeners')).counts;
  }

  /** What keeps its process alive, by kind, and the listeners of the native library. */
  async resources(): Promise<Record<string, number>> {
    return (await this.#ask('resources')).counts;
  }

  /** Makes it forget the configuration of a tenant. What is asked of it next is answered after that. */
  invalidateTenant(tenant: string): void {
    this.#child.send({ type: 'invalidate', tenant });
  }

  /** Ends the worker, live calls or not. */
  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      this.#child.kill('SIGKILL');
    await this.exited;
  }

  async #ask<Type extends 'snapshot' | 'processes' | 'listeners' | 'resources'>(
    type: Type,
  ): Promise<Extract<WorkerMessage, { type: Type }>> {
    const from = this.messages.all.length;
    this.#child.send({ type });
    const fits = (message: WorkerMessage): message is Extract<WorkerMessage, { type: Type }> =>
      message.type === type;
    return this.messages.waitFor(fits, { what: `the answer to '${type}'`, from });
  }

  async #registered(): Promise<void> {
    // Its log tells when; what it does is judged by the server's.
    while (!this.#output.includes('registered with LiveKit')) {
      if (this.#child.exitCode !== null) return;
      await once(this.#child.stdout ?? this.#child, 'data');
    }
  }
}
