// Everything that can be said about the code without running it.
import { apiReport } from './api-report.mjs';
import { build, env, install, turbo } from './prepare.mjs';
import { workspacePackages } from './packages.mjs';
import { run } from './run.mjs';

/** Runs every check, also after one failed; resolves with the exit code. */
export async function check() {
  if (!(await install())) return 1;
  const packages = publishable();
  const checks = {
    build: () => build(),
    lint: () => run('oxlint', ['--type-aware', '--deny-warnings'], { env }),
    format: () => run('oxfmt', ['--check', '.'], { env }),
    types: () => turbo('types', '--continue', '--output-logs=errors-only'),
    'unused code': () => run('knip', [], { env }),
    ...ofEach(packages, 'publint', ({ folder }) => run('publint', [folder, '--strict'], { env })),
    ...ofEach(packages, 'attw', ({ folder }) =>
      run('attw', ['--pack', folder, '--profile', 'esm-only', '--no-summary'], { env }),
    ),
    ...ofEach(packages, 'API report', (workspace) => apiReport(workspace)),
  };
  const failed = [];
  for (const [name, start] of Object.entries(checks)) {
    console.log(`\n== ${name}`);
    if ((await start()) !== 0) failed.push(name);
  }
  console.log(failed.length === 0 ? '\nAll checks passed.' : `\nFailed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

/** Writes every API report anew; resolves with the exit code. */
export async function api() {
  if (!(await install()) || (await build()) !== 0) return 1;
  const codes = [];
  for (const workspace of publishable()) codes.push(await apiReport(workspace, { update: true }));
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
