import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { killIfAlive } from '../processes/kill.js';
import { buildOnce } from './build-lock.js';

const MODULE = 'github.com/livekit/livekit-server';

/** The version the rig builds. Newer ones need Go modules that closed networks often cannot reach. */
export const LIVEKIT_SERVER_VERSION = 'v1.13.5';

/** Called with lines about the progress of a build. */
export type Progress = (line: string) => void;

interface Replace {
  Old: { Path: string; Version?: string };
  New: { Path: string; Version?: string };
}

/** Options of {@link buildServer}. */
export interface BuildOptions {
  /** Path of the `go` program. */
  go: string;
  /** Path of the program to build. */
  target: string;
  onProgress: Progress;
  /** Ends the build with everything it has started. */
  signal?: AbortSignal | undefined;
  /** Whether the program exists by now: another process may have built it. */
  isThere: () => Promise<boolean>;
}

/** Builds livekit-server with Go into `target`; takes 2 to 4 minutes when Go's own caches are cold. */
export async function buildServer(options: BuildOptions): Promise<void> {
  const { target, onProgress, isThere, signal } = options;
  await buildOnce(target, {
    isThere,
    signal,
    build: (partial) => buildInto(partial, options),
    onWait: () => onProgress('another process is building livekit-server; waiting for it'),
  });
  onProgress(`built ${target}`);
}

async function buildInto(partial: string, options: BuildOptions): Promise<void> {
  const { onProgress } = options;
  const folder = await mkdtemp(join(tmpdir(), 'openrtc-livekit-build-'));
  try {
    onProgress(
      `building livekit-server ${LIVEKIT_SERVER_VERSION} with Go, once; this takes 2 to 4 minutes`,
    );
    const go = (...args: string[]): Promise<string> => runGo(args, folder, options);
    await go('mod', 'init', 'openrtc.test/livekit');
    await go('mod', 'edit', `-require=${MODULE}@${LIVEKIT_SERVER_VERSION}`);
    // `replace` directives count only in the main module, so those of the server must be repeated here.
    for (const { Old, New } of await replacesOfServer(go)) {
      await go('mod', 'edit', `-replace=${versioned(Old)}=${versioned(New)}`);
    }
    await go('build', '-mod=mod', '-o', partial, `${MODULE}/cmd/server`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function replacesOfServer(go: (...args: string[]) => Promise<string>): Promise<Replace[]> {
  const module = JSON.parse(
    await go('mod', 'download', '-json', `${MODULE}@${LIVEKIT_SERVER_VERSION}`),
  ) as { GoMod: string };
  const { Replace } = JSON.parse(await go('mod', 'edit', '-json', module.GoMod)) as {
    Replace: Replace[] | null;
  };
  return Replace ?? [];
}

function versioned({ Path, Version }: { Path: string; Version?: string }): string {
  return Version ? `${Path}@${Version}` : Path;
}

function runGo(
  args: string[],
  cwd: string,
  { go, onProgress, signal }: BuildOptions,
): Promise<string> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(go, args, {
      cwd,
      // Go's temporary files are deleted with the folder, even when go is killed.
      env: { ...process.env, GOWORK: 'off', GOTMPDIR: cwd },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own, which can be killed with the compilers that go starts.
      detached: signal !== undefined,
    });
    const { pid } = child;
    const kill = (): void => (pid === undefined ? undefined : killIfAlive(-pid));
    signal?.addEventListener('abort', kill, { once: true });
    let output = '';
    const lastErrors: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    createInterface({ input: child.stderr }).on('line', (line) => {
      onProgress(line);
      lastErrors.push(line);
      if (lastErrors.length > 5) lastErrors.shift();
    });
    child.once('error', reject);
    child.once('close', (code) => {
      signal?.removeEventListener('abort', kill);
      if (code === 0) resolve(output);
      else
        reject(
          new Error(
            `go ${args.slice(0, 2).join(' ')} ended with ${code}: ${lastErrors.join(' | ')}`,
          ),
        );
    });
  });
}
