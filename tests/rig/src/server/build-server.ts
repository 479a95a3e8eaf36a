import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
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
  /** Whether the program exists by now: another process may have built it. */
  isThere: () => Promise<boolean>;
}

/** Builds livekit-server with Go into `target`; takes 2 to 4 minutes when Go's own caches are cold. */
export async function buildServer({
  go,
  target,
  onProgress,
  isThere,
}: BuildOptions): Promise<void> {
  await buildOnce(target, {
    isThere,
    build: (partial) => buildInto(go, partial, onProgress),
    onWait: () => onProgress('another process is building livekit-server; waiting for it'),
  });
  onProgress(`built ${target}`);
}

async function buildInto(program: string, partial: string, onProgress: Progress): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'openrtc-livekit-build-'));
  try {
    onProgress(
      `building livekit-server ${LIVEKIT_SERVER_VERSION} with Go, once; this takes 2 to 4 minutes`,
    );
    const go = (...args: string[]): Promise<string> => runGo(program, args, folder, onProgress);
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
  program: string,
  args: string[],
  cwd: string,
  onProgress: Progress,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, GOWORK: 'off' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
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
