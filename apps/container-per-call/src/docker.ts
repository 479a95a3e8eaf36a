import { type ChildProcess, spawn as nodeSpawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ContainerClient } from './container-client.js';

// `docker run` creates the container some time after it starts: until then there is nothing to remove.
const REMOVE_TRIES = 5;
const TRY_AGAIN_MS = 1_000;
const REMOVE_MS = 10_000;

export interface DockerOptions {
  /** The image that runs the pool, see the Dockerfile. It must be on the machine already. */
  image: string;
  /** More flags for `docker run`, e.g. `--network=calls` or `--cap-drop=ALL`. */
  args?: readonly string[];
  /** Default: `docker`, from the PATH. */
  command?: string;
  spawn?: typeof nodeSpawn;
}

/** Runs containers with the `docker` command. */
export function docker(options: DockerOptions): ContainerClient {
  const { image, args = [], command = 'docker', spawn = nodeSpawn } = options;
  return {
    start({ name, env, memoryMb }) {
      const flags = [
        '--rm',
        `--name=${name}`,
        // A call cannot wait for a registry.
        '--pull=never',
        // Process 1 must forward signals and reap zombies; Node does neither.
        '--init',
        // Memory and swap together, so that there is no swap: audio must not wait for a disk.
        ...['memory', 'memory-swap'].map((limit) => `--${limit}=${memoryMb}m`),
        // Only the names: docker takes the values from its own environment.
        ...Object.keys(env).map((variable) => `--env=${variable}`),
      ];
      const run = spawn(command, ['run', ...flags, ...args, image], {
        env: { ...process.env, ...env },
        stdio: ['ignore', 'inherit', 'pipe'],
        // Ctrl-C must reach only the worker, which decides when calls end.
        detached: true,
      });
      let over = false;
      const exited = howItEnds(run, command).finally(() => (over = true));
      return {
        exited,
        async stop() {
          for (let tries = 0; tries < REMOVE_TRIES && !over; tries += 1) {
            const options = { stdio: 'ignore', timeout: REMOVE_MS } as const;
            await howItEnds(spawn(command, ['rm', '--force', name], options), command);
            await Promise.race([exited, sleep(TRY_AGAIN_MS, undefined, { ref: false })]);
          }
          if (over) return;
          run.kill('SIGKILL');
          throw new Error(`"${command} rm --force ${name}" did not end it`);
        },
      };
    },
  };
}

/** Never rejects: a command that cannot be run counts as an exit, too. */
function howItEnds(child: ChildProcess, command: string): Promise<string> {
  let lastWords = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    process.stderr.write(text);
    lastWords = (lastWords + text).slice(-2_000);
  });
  return new Promise((resolve) => {
    child.once('error', ({ message }) =>
      resolve(`the command "${command}" cannot be run (${message}): is Docker installed?`),
    );
    child.once('close', (code, signal) => {
      // docker itself failed, not the program in the container.
      if (code === 125)
        resolve(/^docker: .*/m.exec(lastWords)?.[0] ?? `docker failed: ${lastWords}`);
      else if (code === 137) resolve('exit code 137, killed: it may have used too much memory');
      else resolve(signal === null ? `exit code ${code}` : `${command} ended by ${signal}`);
    });
  });
}
