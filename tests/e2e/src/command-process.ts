import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the package.json of the command. */
export const manifest = createRequire(import.meta.url).resolve('@openrtc/cli/package.json');
/** Absolute path of the built command. */
export const bin = join(dirname(manifest), 'bin/openrtc.js');

/** A module that exports a pool, for any verb. */
export const commandPool = fileURLToPath(new URL('../fixtures/command-pool.mjs', import.meta.url));

/** The command `openrtc`, as a process. */
export class CommandProcess {
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, [bin, ...args], {
      // Several of them run at a time.
      env: { ...process.env, NODE_ENV: 'production', OPENRTC_PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (text: Buffer) => (this.#stdout += text.toString()));
    this.#child.stderr?.on('data', (text: Buffer) => (this.#stderr += text.toString()));
    this.exited = once(this.#child, 'exit').then(([code]) => code as number | null);
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Resolves when its output matches; rejects when it ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(this.#stdout) ?? pattern.exec(this.#stderr);
        if (found !== null) resolve(found);
      };
      look();
      // After the listeners that keep what it says.
      this.#child.stdout?.on('data', look);
      this.#child.stderr?.on('data', look);
      void this.exited.then(() =>
        reject(new Error(`It ended without saying ${String(pattern)}:\n${this.#stderr}`)),
      );
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      this.#child.kill('SIGKILL');
    await this.exited;
  }
}
