import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChildProgram } from '../processes/child-program.js';
import { freePorts, type ServerPorts } from './free-ports.js';
import { serverConfigYaml } from './server-config.js';
import { ServerLog } from './server-log.js';

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
  /** Default: free ones. */
  ports?: ServerPorts;
}

/** One running livekit-server process. */
export class ServerProcess {
  readonly ports: ServerPorts;
  readonly log = new ServerLog();
  readonly #program: ChildProgram;
  readonly #gone: Promise<void>;

  private constructor(binary: string, folder: string, ports: ServerPorts) {
    this.ports = ports;
    this.#program = new ChildProgram(binary, ['--config', configIn(folder)], {
      name: 'livekit-server',
      onLine: (line) => this.log.take(line),
    });
    this.#gone = Promise.all([this.#program.exited, this.#program.closed]).then(async () => {
      if (this.#program.endedWith !== undefined) this.log.close(this.#program.endedWith);
      await rm(folder, { recursive: true, force: true });
    });
  }

  get pid(): number {
    return this.#program.pid;
  }

  /** Where it accepts requests. */
  get port(): number {
    return this.ports.signal;
  }

  /** Starts the program and waits until it answers; rejects with its last lines when it ends first. */
  static async start({
    binary,
    ports: given,
    ...settings
  }: ServerProcessOptions): Promise<ServerProcess> {
    const ports = given ?? (await freePorts());
    const folder = await mkdtemp(join(tmpdir(), 'openrtc-livekit-'));
    await writeFile(configIn(folder), serverConfigYaml({ ports, ...settings }), { mode: 0o600 });
    const server = new ServerProcess(binary, folder, ports);
    await server.#untilReady();
    return server;
  }

  /** Sends a signal and does not wait. */
  kill(signal: NodeJS.Signals): void {
    this.#program.kill(signal);
  }

  /** Stops the process and waits until it has ended. */
  async stop(): Promise<void> {
    await this.#program.stop(STOP_GRACE_MS);
    await this.#gone;
  }

  async #untilReady(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (this.#program.running && Date.now() < deadline) {
      // The log line comes first: if the port was taken meanwhile, another program would answer.
      const bound = this.log.lines.some(({ msg }) => msg === 'starting LiveKit server');
      if (bound && (await answers(`http://127.0.0.1:${this.port}/`))) return;
      await sleep(25);
    }
    const why = this.#program.running
      ? `did not answer within ${START_TIMEOUT_MS} ms`
      : 'ended at its start';
    await this.stop();
    throw new Error(`livekit-server ${why}: ${this.#program.lines.all.slice(-5).join(' ')}`);
  }
}

function configIn(folder: string): string {
  return join(folder, 'config.yaml');
}

function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => response.ok,
    () => false,
  );
}
