// Everything that can be said about the code without running it.
import { build, env, install, turbo } from './prepare.mjs';
import { workspacePackages } from './packages.mjs';
import { run } from './run.mjs';

/** Runs every check, also after one failed; resolves with the exit code. */
export async function check() {
  if (!(await install())) return 1;
  const packages = workspacePackages().filter(({ manifest }) => manifest.private !== true);
  const checks = {
    build: () => build(),
    lint: () => run('oxlint', ['--type-aware', '--deny-warnings'], { env }),
    format: () => run('oxfmt', ['--check', '.'], { env }),
    types: () => turbo('types', '--continue', '--output-logs=errors-only'),
    ...Object.fromEntries(
      packages.map(({ folder }) => [
        `publint ${folder}`,
        () => run('publint', [folder, '--strict'], { env }),
      ]),
    ),
  };
  const failed = [];
  for (const [name, start] of Object.entries(checks)) {
    console.log(`\n== ${name}`);
    if ((await start()) !== 0) failed.push(name);
  }
  console.log(failed.length === 0 ? '\nAll checks passed.' : `\nFailed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}
