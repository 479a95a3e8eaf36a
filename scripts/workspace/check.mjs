// Everything that can be said about the code without running it.
import { join } from 'node:path';
import { apiReport } from './api-report.mjs';
import { build, env, install, turbo } from './prepare.mjs';
import { root, workspacePackages } from './packages.mjs';
import { run } from './run.mjs';

/** Installs, builds, and runs every check, also after one failed; resolves with the exit code. */
export async function check() {
  if (!(await install())) return 1;
  console.log('\n== build');
  const built = (await build()) === 0;
  const failed = await runChecks(console.log);
  if (!built) failed.unshift('build');
  console.log(verdict(failed));
  return failed.length === 0 ? 0 : 1;
}

/** What the checks came to, for people. */
export function verdict(failed) {
  return failed.length === 0 ? '\nAll checks passed.' : `\nFailed: ${failed.join(', ')}`;
}

/**
 * Runs every check of a workspace that is built; resolves with the names of those that failed.
 * @param say - called with the heading of each check
 * @param options - of each child, see `run`
 */
export async function runChecks(say, options = {}) {
  const packages = publishable();
  const start = (command, args) => run(command, args, { env, ...options });
  const checks = {
    lint: () => start('oxlint', ['--type-aware', '--deny-warnings']),
    format: () => start('oxfmt', ['--check', '.']),
    types: () =>
      turbo(
        'types',
        options,
        '--only',
        '--concurrency=2',
        '--continue',
        '--output-logs=errors-only',
      ),
    'unused code': () => start('knip', []),
    ...ofEach(packages, 'publint', ({ folder }) => start('publint', [folder, '--strict'])),
    ...ofEach(packages, 'attw', ({ folder }) =>
      start('attw', ['--pack', folder, '--profile', 'esm-only', '--no-summary']),
    ),
    'API reports': () =>
      start(process.execPath, [join(root, 'scripts/workspace.mjs'), 'api', '--check']),
  };
  const failed = [];
  for (const [name, begin] of Object.entries(checks)) {
    say(`\n== ${name}`);
    if ((await begin()) !== 0) failed.push(name);
  }
  return failed;
}

/** Writes every API report, or with `--check` compares them; resolves with the exit code. */
export async function api(args = []) {
  const update = !args.includes('--check');
  if (update && (!(await install()) || (await build()) !== 0)) return 1;
  const codes = [];
  for (const workspace of publishable()) codes.push(await apiReport(workspace, { update }));
  return Math.max(...codes);
}

function publishable() {
  return workspacePackages().filter(({ manifest }) => manifest.private !== true);
}

function ofEach(packages, name, start) {
  return Object.fromEntries(
    packages.map((workspace) => [`${name} ${workspace.folder}`, () => start(workspace)]),
  );
}
