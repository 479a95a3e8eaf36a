import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Absolute path of the repository. */
export const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** What a user installs beside OpenRTC, in the versions these packages are tested with. */
const COMPANIONS: Readonly<Record<string, readonly string[]>> = {
  'packages/core': ['@livekit/agents', '@livekit/rtc-node', '@types/node', 'zod'],
  // For agents in TypeScript.
  'packages/cli': ['esbuild'],
};

/** An empty project with OpenRTC installed as its user would. */
export interface PackedProject extends AsyncDisposable {
  /** Absolute path of the project's folder. */
  readonly folder: string;
  /** Writes a file into the project; resolves with its absolute path. */
  write(name: string, text: string): Promise<string>;
  /** Runs a module in the project; resolves with its standard output. */
  node(code: string): Promise<string>;
}

/**
 * Packs the packages with pnpm, as a release does, and installs them with npm in a temporary
 * folder. Takes up to a minute; rejects with the output of the command that failed.
 * @param packages - their folders in the repository
 */
export async function packedProject(packages: readonly string[]): Promise<PackedProject> {
  const folder = await mkdtemp(join(tmpdir(), 'openrtc-packed-'));
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
    for (const name of packages) {
      const cwd = join(repository, name);
      await run('pnpm', ['pack', '--pack-destination', folder], { cwd });
    }
    const tarballs = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
    const specs = [...(await companions()), ...tarballs.map((name) => `./${name}`)];
    await run('npm', ['install', ...flags, ...specs], { cwd: folder });
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    folder,
    async write(name, text) {
      const path = join(folder, name);
      await writeFile(path, text);
      return path;
    },
    async node(code) {
      const args = ['--input-type=module', '--eval', code];
      return (await run(process.execPath, args, { cwd: folder })).stdout;
    },
    [Symbol.asyncDispose]: dispose,
  };
}

async function companions(): Promise<string[]> {
  const lists = await Promise.all(
    Object.entries(COMPANIONS).map(async ([folder, names]) => {
      const text = await readFile(join(repository, folder, 'package.json'), 'utf8');
      const { devDependencies } = JSON.parse(text) as { devDependencies: Record<string, string> };
      return names.map((name) => `${name}@${devDependencies[name]}`);
    }),
  );
  return lists.flat();
}
