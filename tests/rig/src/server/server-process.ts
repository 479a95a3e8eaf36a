import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardProcess } from '../processes/exit-guard.js';
import { freePorts } from './free-ports.js';
import { serverConfigYaml } from './server-config.js';
import { ServerLog, type ServerLogLine } from './server-log.js';

/** Time-out until the server accepts requests; it needs about 0.2 s on an idle machine. */
const START_TIMEOUT_MS = 30_000;
/** How long the server may take to end: it would wait for participants in rooms. */
const STOP_GRACE_MS = 1_500;

/** Options of {@link ServerProcess.start}. */
export interface ServerProcessOptions {
  binary: string;
  apiKey: string;
  apiSecret: string;
  targetLoad?: number;
  onLog?: (line: ServerLogLine) => void;
}

/** One running livekit-server process. */
export class ServerProcess {
  readonly port: number;
  readonly log: ServerLog;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;

  private constructor(child: ChildProcess, port: number, log: ServerLog, exited: Promise<void>) {
    this.#child = child;
    this.port = port;
    this.log = log;
    this.#exited = exited;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get running(): boolean {
    return (
      this.#child.pid !== undefined &&
      this.#child.exitCode === null &&
      this.#child.signalCode === null
    );
  }

  /** Starts the program on free ports and waits until it answers; rejects with its last lines when it ends first. */
  static async start(options: ServerProcessOptions): Promise<ServerProcess> {
    const ports = await freePorts();
    const { binary, apiKey, apiSecret, targetLoad, onLog } = options;
    const folder = await mkdtemp(join(tmpdir(), 'openrtc-livekit-'));
    const configPath = join(folder, 'config.yaml');
    const config = serverConfigYaml({
      ports,
      apiKey,
      apiSecret,
      ...(targetLoad !== undefined && { targetLoad }),
    });
    await writeFile(configPath, config, { mode: 0o600 });

    const child = spawn(binary, ['--config', configPath], { stdio: ['ignore', 'pipe', 'pipe'] });
    const letGo = child.pid === undefined ? () => undefined : guardProcess(child.pid);
    const log = new ServerLog();
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (line) => {
        const taken = log.take(line);
        onLog?.(taken);
      });
    }
    const exited = new Promise<void>((resolve) => {
      const end = (why: string): void => {
        letGo();
        log.close(new Error(`livekit-server ended (${why}).`));
        resolve();
      };
      child.once('error', (error) => end(error.message));
      child.once('close', (code, signal) => end(signal ?? `code ${code}`));
    }).then(() => rm(folder, { recursive: true, force: true }));

    const server = new ServerProcess(child, ports.signal, log, exited);
    await server.#untilReady();
    return server;
  }

  /** Sends a signal and does not wait. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Stops the process and waits until it has ended. */
  async stop(): Promise<void> {
    if (this.running) this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_GRACE_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  async #untilReady(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (this.running && Date.now() < deadline) {
      // The log line comes first: if the port was taken meanwhile, another program would answer.
      const bound = this.log.lines.some(({ msg }) => msg === 'starting LiveKit server');
      if (bound && (await answers(`http://127.0.0.1:${this.port}/`))) return;
      await sleep(25);
    }
    const why = this.running
      ? `did not answer within ${START_TIMEOUT_MS} ms`
      : 'ended at its start';
    await this.stop();
    const tail = this.log.lines.slice(-5).map((line) => JSON.stringify(line));
    throw new Error(`livekit-server ${why}: ${tail.join(' ')}`);
  }
}

function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => response.ok,
    () => false,
  );
}
