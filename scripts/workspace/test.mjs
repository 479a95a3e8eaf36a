// Unit tests and end-to-end tests of every package, and one line that sums them up.
import { spawnSync } from 'node:child_process';
import { runChecks, verdict } from './check.mjs';
import { build, install, turbo } from './prepare.mjs';
import { addUp, collectReports, deleteReports, fail, summaryLine } from './reports.mjs';
import { provideServers } from './servers.mjs';
import { StageTimes } from './stage-times.mjs';

// The first mostly wait. The second start processes, and judge what becomes of one that answers late or grows.
const PACKAGES_AT_A_TIME = { test: 2, 'test:processes': 1, e2e: 2 };

/**
 * Runs the tasks one after the other, each to its end; resolves with the exit code. The last line it
 * prints is the sum of the tests.
 * @param options.checks - whether the checks run beside the tests
 */
export async function test(tasks, { checks = false } = {}) {
  const times = new StageTimes();
  let failed = [];
  let sum;
  if (!(await times.of('install', install))) {
    sum = nothingRan('the dependencies could not be installed');
  } else if ((await times.of('build', build)) !== 0) {
    sum = nothingRan('the build failed');
  } else {
    const checking = checks ? times.of('checks, beside the tests', quietly(runChecks)) : undefined;
    const providing = times.of('servers, beside the unit tests', provideServers);
    sum = addUp(await runTasks(tasks, times, providing));
    const checked = await checking;
    console.log(checked?.output ?? '');
    failed = checked?.value ?? [];
  }
  if (checks && sum.passed > 0) console.log(verdict(failed));
  for (const line of times.table()) console.log(line);
  return conclude(sum, failed);
}

async function runTasks(tasks, times, providing) {
  const sums = [];
  for (const task of tasks) {
    // Callers are heard in these: whoever builds a server beside them would be heard as well.
    if (task === 'e2e') await providing;
    const sum = await times.of(`all of "${task}"`, () => runTask(task));
    times.addPackages(sum.packages);
    sums.push(sum);
  }
  return sums;
}

async function runTask(task) {
  deleteReports();
  const code = await turbo(
    task,
    {},
    // What they need has been built, and is in use by the checks.
    '--only',
    `--concurrency=${PACKAGES_AT_A_TIME[task]}`,
    '--continue',
    // Loose: they need the machine's settings, of its registries and of Go, say.
    '--env-mode=loose',
    '--output-logs=new-only',
  );
  const sum = collectReports(task);
  if (code !== 0 && sum.failed === 0) fail(sum, `"${task}" exited with ${code}, see above`);
  return sum;
}

/** Runs the checks at low priority and keeps their output for later. */
function quietly(checks) {
  return async () => {
    const output = [];
    const write = (text) => output.push(text);
    const value = await checks((line) => write(`${line}\n`), { write, low: true });
    return { value, output: output.join('') };
  };
}

function conclude(sum, failedChecks) {
  for (const failure of sum.failures) console.log(`failed: ${failure}`);
  for (const { name } of sum.skipped) console.log(`skipped: ${name}`);
  const missing = sum.skipped.filter(({ folder }) => folder === 'tests/e2e');
  const required = missing.length > 0 && serverWithinReach();
  if (required) {
    console.log(
      'End-to-end tests were skipped although a LiveKit server can be had here: that fails.',
    );
  }
  if (failedChecks.length > 0) console.log('The checks failed: see "Failed:" above.');
  console.log(summaryLine(sum));
  return sum.failed > 0 || required || failedChecks.length > 0 ? 1 : 0;
}

function nothingRan(why) {
  const sum = addUp([]);
  fail(sum, why);
  return sum;
}

/** Whether the end-to-end tests have no excuse: a LiveKit server is here or can be built. */
function serverWithinReach() {
  if (process.env.OPENRTC_REQUIRE_E2E === '1') return true;
  if (process.env.LIVEKIT_URL || process.env.LIVEKIT_SERVER_BIN) return true;
  return [
    ['go', 'version'],
    ['livekit-server', '--version'],
  ].some(([command, argument]) => spawnSync(command, [argument]).status === 0);
}
