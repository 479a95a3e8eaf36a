import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';

import { type DockerOptions, docker } from './docker.js';

interface Command {
  readonly line: readonly string[];
  readonly env: NodeJS.ProcessEnv | undefined;
}

/** In place of docker: writes down what would be run, and runs a program that ends as it is told. */
function recording(programs: { run: string; rm?: string[] }) {
  const commands: Command[] = [];
  let running: ChildProcess | undefined;
  const record = (command: string, args: readonly string[], options: SpawnOptions) => {
    commands.push({ line: [command, ...args], env: options.env });
    const removes = args[0] === 'rm';
    if (removes && programs.rm?.shift() !== 'nothing there') running?.kill('SIGKILL');
    const child = spawn(process.execPath, ['-e', removes ? '' : programs.run], options);
    if (!removes) running = child;
    return child;
  };
  return { commands, spawn: record as NonNullable<DockerOptions['spawn']> };
}

const spec = { name: 'call-1', memoryMb: 512, env: { TOKEN: 'the secret', CHANNEL: 'here:1' } };

describe('docker()', () => {
  it('limits the container, removes it, and names its variables without their values', async () => {
    const { commands, spawn } = recording({ run: '' });
    const client = docker({ image: 'calls:7', args: ['--cap-drop=ALL'], spawn });
    expect(await client.start(spec).exited).toBe('exit code 0');
    expect(commands.map(({ line }) => line.join(' '))).toEqual([
      'docker run --rm --name=call-1 --pull=never --init --memory=512m --memory-swap=512m --env=TOKEN --env=CHANNEL --cap-drop=ALL calls:7',
    ]);
    expect(commands[0]?.env).toMatchObject(spec.env);
  });

  it('stops a container by its name', async () => {
    const { commands, spawn } = recording({ run: 'setInterval(() => {}, 1_000)' });
    const container = docker({ image: 'calls', spawn }).start(spec);
    await container.stop();
    await container.exited;
    expect(commands.at(-1)?.line).toEqual(['docker', 'rm', '--force', 'call-1']);
  });

  it('stops a container that is only just being made', async () => {
    const rm = ['nothing there'];
    const { commands, spawn } = recording({ run: 'setInterval(() => {}, 1_000)', rm });
    const container = docker({ image: 'calls', spawn }).start(spec);
    await container.stop();
    await container.exited;
    expect(commands.map(({ line }) => line[1])).toEqual(['run', 'rm', 'rm']);
  });

  it.each([
    ['process.exit(3)', 'exit code 3'],
    ['process.exit(137)', 'exit code 137, killed: it may have used too much memory'],
    ['console.error("docker: no such image"); process.exit(125)', 'docker: no such image'],
  ])('says how a container ended: %s', async (run, words) => {
    const { spawn } = recording({ run });
    expect(await docker({ image: 'calls', spawn }).start(spec).exited).toBe(words);
  });

  it('says what to do where there is no docker', async () => {
    const client = docker({ image: 'calls', command: 'no-such-docker' });
    expect(await client.start(spec).exited).toBe(
      'the command "no-such-docker" cannot be run (spawn no-such-docker ENOENT): is Docker installed?',
    );
  });
});
