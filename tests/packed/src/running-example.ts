import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { EmbeddedLiveKit } from '@openrtc/core/testing';

/** A program under test. */
export interface RunningExample extends AsyncDisposable {
  /** What it has written to both of its streams. */
  output(): string;
  /** Resolves when its output matches; rejects when it ends without a match. */
  says(pattern: RegExp): Promise<void>;
  /** Sends SIGTERM; resolves with the exit code, or the name of the signal that ended it. */
  stop(): Promise<number | NodeJS.Signals>;
}

/** Starts a module with the environment of a user whose LiveKit server is `livekit`. */
export function runExample(
  path: string,
  cwd: string,
  livekit: EmbeddedLiveKit,
  args: readonly string[] = ['start'],
): RunningExample {
  const child = spawn(process.execPath, [path, ...args], {
    cwd,
    env: {
      ...process.env,
      LIVEKIT_URL: livekit.url,
      LIVEKIT_API_KEY: livekit.apiKey,
      LIVEKIT_API_SECRET: livekit.apiSecret,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  return {
    output: () => output,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(output)) resolve();
        };
        look();
        // After the listeners that collect the output.
        for (const stream of [child.stdout, child.stderr]) stream.on('data', look);
        void exited.then(() =>
          reject(new Error(`it ended without saying ${String(pattern)}:\n${output}`)),
        );
      }),
    async stop() {
      child.kill('SIGTERM');
      const [code, signal] = await exited;
      return code ?? signal ?? 'SIGTERM';
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await exited;
    },
  };
}
