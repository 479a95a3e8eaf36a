import { randomBytes } from 'node:crypto';
import type { WaitOptions } from '../record-log.js';
import {
  findLiveKitServer,
  type ExternalServer,
  type FindServerOptions,
  type FoundServer,
} from './find-server.js';
import { RoomApi } from './room-api.js';
import { ServerLog, type Assignment, type JobEnd, type ServerLogLine } from './server-log.js';
import { ServerProcess, type ServerProcessOptions } from './server-process.js';

/** A free port may be taken before the server binds it. */
const START_ATTEMPTS = 4;

/** Options of {@link startLiveKitServer}. */
export interface LiveKitServerOptions extends Pick<FindServerOptions, 'onProgress'> {
  /** Load above which the server assigns no more jobs to a worker; default: the server's own, 0.7. */
  targetLoad?: number;
  /** Result of {@link findLiveKitServer}; by default it is called now. */
  found?: FoundServer;
}

/** Starts a real livekit-server on free loopback ports, or uses that of `LIVEKIT_URL`; rejects with the reason without one. */
export async function startLiveKitServer(
  options: LiveKitServerOptions = {},
): Promise<LiveKitServer> {
  const found =
    options.found ??
    (await findLiveKitServer(options.onProgress ? { onProgress: options.onProgress } : {}));
  if (!found.available) throw new Error(found.reason);
  if (found.kind === 'external') return new LiveKitServer(found, undefined);

  const credentials = {
    apiKey: `API${randomBytes(6).toString('hex')}`,
    apiSecret: randomBytes(24).toString('hex'),
  };
  const { targetLoad } = options;
  const settings = {
    binary: found.path,
    ...credentials,
    ...(targetLoad !== undefined && { targetLoad }),
  };
  const process = await startProcess(settings);
  return new LiveKitServer({ url: `ws://127.0.0.1:${process.port}`, ...credentials }, process, () =>
    ServerProcess.start({ ...settings, ports: process.ports }),
  );
}

async function startProcess(settings: ServerProcessOptions): Promise<ServerProcess> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ServerProcess.start(settings);
    } catch (error) {
      const portTaken = /address already in use/i.test((error as Error).message);
      if (!portTaken || attempt === START_ATTEMPTS) throw error;
    }
  }
}

/** A livekit-server to test against: its address, its rooms, and its log, which shows what became of jobs. */
export class LiveKitServer extends RoomApi {
  /** `ws://…`, for workers and callers. */
  readonly url: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  #process: ServerProcess | undefined;
  #log: ServerLog;
  readonly #startAgain: (() => Promise<ServerProcess>) | undefined;

  /** Called by {@link startLiveKitServer}. A server that runs elsewhere has no process. */
  constructor(
    { url, apiKey, apiSecret }: Pick<ExternalServer, 'url' | 'apiKey' | 'apiSecret'>,
    process: ServerProcess | undefined,
    startAgain?: () => Promise<ServerProcess>,
  ) {
    super(url, apiKey, apiSecret);
    this.url = url;
    this.apiKey = apiKey;
    this.apiSecret = apiSecret;
    this.#process = process;
    this.#startAgain = startAgain;
    this.#log = process?.log ?? new ServerLog();
    if (!process)
      this.#log.close(
        new Error('The server of LIVEKIT_URL runs elsewhere: its log cannot be read.'),
      );
  }

  /** Process id; undefined for a server that runs elsewhere. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Whether the log can be read; false for a server that runs elsewhere. */
  get hasLog(): boolean {
    return this.#process !== undefined;
  }

  /** Every line of the log so far, parsed. */
  get log(): readonly ServerLogLine[] {
    return this.#log.lines;
  }

  /** The first log line that fits, past or future. */
  waitForLog(
    predicate: (line: ServerLogLine) => boolean,
    options?: WaitOptions,
  ): Promise<ServerLogLine> {
    return this.#log.waitFor(predicate, options);
  }

  /** Every assignment of a job to a worker so far. */
  assignments(): Assignment[] {
    return this.#log.assignments();
  }

  /** Resolves with the first assignment in a room. */
  assignedIn(room: string, options?: WaitOptions): Promise<Assignment> {
    return this.#log.assignedIn(room, options);
  }

  /** Resolves once the worker has reported the end of a job. */
  jobEnded(jobId: string, options?: WaitOptions): Promise<JobEnd> {
    return this.#log.jobEnded(jobId, options);
  }

  /** Sends a signal to the server, for tests of a crash. Does nothing to a server that runs elsewhere. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#process?.kill(signal);
  }

  /** Starts a server that was killed again, at the same address. It knows nothing of the rooms it had; its log is a new one. */
  async startAgain(): Promise<void> {
    if (this.#startAgain === undefined)
      throw new Error('The server of LIVEKIT_URL runs elsewhere: it cannot be started again.');
    await this.#process?.stop();
    this.#process = await this.#startAgain();
    this.#log = this.#process.log;
  }

  /** Stops the server and waits until its process has ended. Does nothing to a server that runs elsewhere. */
  async close(): Promise<void> {
    await this.#process?.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
