import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { EmbeddedLiveKit } from '@openrtc/core/testing';

/** A program under test. */
export interface RunningExample extends AsyncDisposable {
  /** What it has written to both of its streams. */
  output(): string;
  /** Sends SIGTERM; resolves with the exit code, or the name of the signal that ended it. */
  stop(): Promise<number | NodeJS.Signals>;
}

/** Starts a module with the environment of a user whose LiveKit server is `livekit`. */
export function runExample(path: string, cwd: string, livekit: EmbeddedLiveKit): RunningExample {
  const child = spawn(process.execPath, [path, 'start'], {
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
