import { cacheFolder, withBuildLock } from '@openrtc/test-rig';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const requirements = fileURLToPath(new URL('./python/requirements.txt', import.meta.url));
// The versions that openrtc 0.20 supports.
const VERSIONS = ['3.13', '3.12', '3.11'];
const INSTALL_MS = 15 * 60_000;

/**
 * A Python with the packages of `python/requirements.txt`, installed once in the user's cache: `{ program, version }`,
 * or `{ reason }` when that is not possible.
 */
export async function pythonProgram() {
  try {
    const { python, version } = await findPython();
    const wanted = await readFile(requirements, 'utf8');
    const hash = createHash('sha256').update(wanted).update(version).digest('hex').slice(0, 12);
    const folder = join(cacheFolder(process.env), `bench-python-${hash}`);
    await mkdir(cacheFolder(process.env), { recursive: true });
    await withBuildLock(
      `${folder}.lock`,
      () => install(python, folder),
      () => console.log('another process is installing the Python packages; waiting for it'),
    );
    return { program: join(folder, 'bin', 'python'), version };
  } catch (error) {
    return { reason: error.message };
  }
}

async function install(python, folder) {
  const done = join(folder, 'installed');
  if (existsSync(done)) return;
  console.log('installing the Python packages, once; this takes a minute or two');
  // Left by an interrupted installation.
  await rm(folder, { recursive: true, force: true });
  await attempt('a virtual environment', run(python, ['-m', 'venv', folder]));
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '-r',
    requirements,
  ];
  await attempt(
    'the packages',
    run(join(folder, 'bin', 'python'), pip, { timeout: INSTALL_MS, maxBuffer: 1 << 26 }),
  );
  await writeFile(done, '');
}

async function findPython() {
  for (const name of ['python3', ...VERSIONS.map((version) => `python${version}`)]) {
    const version = await versionOf(name);
    if (VERSIONS.includes(version?.split('.').slice(0, 2).join('.')))
      return { python: name, version };
  }
  throw new Error(`There is no Python ${VERSIONS.toReversed().join(', ')} on the PATH.`);
}

/** The version of a Python; undefined when it does not exist or does not run. */
async function versionOf(name) {
  try {
    const { stdout } = await run(name, ['-c', 'import platform; print(platform.python_version())']);
    return stdout.trim();
  } catch {
    return undefined;
  }
}

async function attempt(what, work) {
  try {
    await work;
  } catch (error) {
    const lines = `${error.stderr ?? ''}`.trim().split('\n').slice(-3).join(' | ');
    throw new Error(`${what} could not be installed: ${lines || error.message}`, { cause: error });
  }
}
