// From a machine with only Node and npm to a workspace that is built.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { manifest, root, workspacePackages } from './packages.mjs';
import { run } from './run.mjs';

const STAMP = join(root, 'node_modules/.openrtc-install');

/** Environment of every child: our tools first on PATH, and none of them phones home. */
export const env = {
  ...process.env,
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
  DO_NOT_TRACK: '1',
  // Its GPU binaries come from a host that closed networks do not reach, and nothing here uses them.
  ONNXRUNTIME_NODE_INSTALL: 'skip',
};

/** Ends the process with what to do when this Node is too old for the workspace. */
export function checkNode() {
  const wanted = manifest.engines.node.replace('>=', '');
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [wantedMajor, wantedMinor] = wanted.split('.').map(Number);
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  console.error(
    `OpenRTC needs Node ${wanted} or newer; this is ${process.versions.node}. ` +
      'Install a current one from https://nodejs.org and run the same command again.',
  );
  process.exit(1);
}

/** Gets pnpm and the dependencies. False when that failed; what went wrong has been printed. */
export async function install() {
  const pinned = manifest.packageManager.replace('pnpm@', '');
  if (!providePnpm(pinned)) return false;
  const stamp = stampOf(pinned);
  if (inStep(stamp)) return true;
  const args = ['install', '--frozen-lockfile', '--ignore-scripts'];
  // Without this it asks before it removes an old node_modules, and fails where nobody can answer.
  args.push('--config.confirmModulesPurge=false');
  if ((await run('pnpm', args, { env })) !== 0) {
    console.error('The dependencies could not be installed, see above.');
    return false;
  }
  writeFileSync(STAMP, stamp);
  return true;
}

/**
 * Runs a turbo task in every package that has it; resolves with the exit code.
 * @param options - of the child, see `run`
 */
export function turbo(task, options, ...args) {
  return run('turbo', ['run', task, '--ui=stream', ...args], { env, ...options });
}

/** Builds every package that changed. */
export function build() {
  return turbo('build', {}, '--output-logs=errors-only');
}

/**
 * Puts the pinned pnpm on PATH: turbo and the tests call it too. npx fetches it from the registry
 * when there is no pnpm, or another one.
 */
function providePnpm(pinned) {
  const shell = process.platform === 'win32';
  const bin = join(root, 'node_modules/.bin');
  env.PATH = [bin, env.PATH ?? ''].join(delimiter);
  const found = spawnSync('pnpm', ['--version'], { cwd: root, env, shell, encoding: 'utf8' });
  if (found.status === 0 && found.stdout.trim() === pinned) return true;
  const fetched = spawnSync(
    'npx',
    ['-y', `--package=pnpm@${pinned}`, '--', 'node', '-p', 'process.env.PATH'],
    { env: process.env, shell, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (fetched.status !== 0) {
    console.error(`pnpm ${pinned} could not be fetched with npx, see above.`);
    return false;
  }
  env.PATH = [bin, fetched.stdout.trim()].join(delimiter);
  return true;
}

/** Whether what was installed last is what would be installed now. */
function inStep(stamp) {
  if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== stamp) return false;
  return workspacePackages().every(({ folder, manifest: { dependencies, devDependencies } }) => {
    const hasSome = Object.keys({ ...dependencies, ...devDependencies }).length > 0;
    return !hasSome || existsSync(join(root, folder, 'node_modules'));
  });
}

function stampOf(pinned) {
  const hash = createHash('sha256');
  hash.update([pinned, process.platform, process.arch].join());
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']) {
    hash.update(readFileSync(join(root, file)));
  }
  for (const { folder } of workspacePackages()) {
    hash.update(folder).update(readFileSync(join(root, folder, 'package.json')));
  }
  return hash.digest('hex');
}
