// `npm start`, `npm test` and the other commands of this repository, on a machine that has nothing
// but Node and npm. Plain JavaScript without dependencies: it runs before anything is installed.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { api, check } from './workspace/check.mjs';
import { root } from './workspace/packages.mjs';
import { build, checkNode, env, install } from './workspace/prepare.mjs';
import { run } from './workspace/run.mjs';
import { test } from './workspace/test.mjs';

const commands = {
  /** The demo; what follows the command is passed on to it, its exit code is ours. */
  start,
  /** Unit tests, then end-to-end tests. */
  test: () => test(['test', 'test:processes', 'e2e']),
  e2e: () => test(['e2e']),
  check: () => check(),
  /** The tests with the checks beside them, as `.ci/run` has them. */
  verify: () => test(['test', 'test:processes', 'e2e'], { checks: true }),
  /** The end-to-end tests in their long forms. */
  nightly,
  /** Writes the API reports; with `--check` compares them. */
  api,
  /** Hundreds of calls through one worker, and what it still holds afterwards. */
  soak,
  /** What CI runs: tests and checks. */
  ci: () => run(join(root, '.ci/run'), [], { last: true }),
};

async function start(args) {
  if (!(await install()) || (await build()) !== 0) return 1;
  const demo = join(root, 'apps/demo/dist/main.js');
  if (!existsSync(demo)) {
    console.error('There is no demo: apps/demo/dist/main.js was not built.');
    return 1;
  }
  return run(process.execPath, [demo, ...args], { env, last: true });
}

async function soak(args) {
  if (!(await install()) || (await build()) !== 0) return 1;
  return run(process.execPath, [join(root, 'tests/soak/dist/main.js'), ...args], {
    env,
    last: true,
  });
}

function nightly() {
  env.OPENRTC_NIGHTLY = '1';
  return test(['e2e']);
}

const [name = '', ...args] = process.argv.slice(2);
if (!Object.hasOwn(commands, name)) {
  console.error(`Usage: node scripts/workspace.mjs <${Object.keys(commands).join('|')}>`);
  process.exit(2);
}
checkNode();
process.chdir(root);
process.exit(await commands[name](args));
