import { type EmbeddedLiveKit, startEmbeddedLiveKit } from '@openrtc/core/testing';

import { type CliOptions, type CliProcess, startCli } from './cli-process.fixture.js';

/** Processes of the command that connect to one embedded LiveKit endpoint. All are killed at the end. */
export class TestWorkers implements AsyncDisposable {
  readonly livekit: EmbeddedLiveKit;
  readonly #started: CliProcess[] = [];

  private constructor(livekit: EmbeddedLiveKit) {
    this.livekit = livekit;
  }

  static async create(): Promise<TestWorkers> {
    return new TestWorkers(await startEmbeddedLiveKit());
  }

  /** The variables that connect a worker to the endpoint. */
  get credentials(): Readonly<Record<string, string>> {
    const { url, apiKey, apiSecret } = this.livekit;
    return { LIVEKIT_URL: url, LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret };
  }

  /** Starts the command with the {@link credentials} in its environment. */
  start(args: readonly string[], options: CliOptions = {}): CliProcess {
    return this.startWithout(args, { ...options, env: { ...this.credentials, ...options.env } });
  }

  /** The same without them. */
  startWithout(args: readonly string[], options: CliOptions): CliProcess {
    const cli = startCli(args, options);
    this.#started.push(cli);
    return cli;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child, ended } of this.#started) {
      child.kill('SIGKILL');
      await ended;
    }
    await this.livekit.close();
  }
}
