// Unit tests and end-to-end tests of every package, and one line that sums them up.
import { spawnSync } from 'node:child_process';
import { build, install, turbo } from './prepare.mjs';
import { addUp, collectReports, deleteReports, fail, summaryLine } from './reports.mjs';

/** Runs the tasks one after the other, each to its end; resolves with the exit code. */
export async function test(tasks) {
  const sum = await runTasks(tasks);
  for (const failure of sum.failures) console.log(`failed: ${failure}`);
  for (const { name } of sum.skipped) console.log(`skipped: ${name}`);
  const missing = sum.skipped.filter(({ folder }) => folder === 'tests/e2e');
  const required = missing.length > 0 && serverWithinReach();
  if (required) {
    console.log(
      'End-to-end tests were skipped although a LiveKit server can be had here: that fails.',
    );
  }
  console.log(summaryLine(sum));
  return sum.failed > 0 || required ? 1 : 0;
}

async function runTasks(tasks) {
  if (!(await install())) return nothingRan('the dependencies could not be installed');
  if ((await build()) !== 0) return nothingRan('the build failed');
  const sums = [];
  for (const task of tasks) {
    deleteReports();
    // One package at a time: tests that measure nothing may still time out beside each other.
    // Loose: they need the machine's settings, of its registries and of Go, say.
    const code = await turbo(
      task,
      '--concurrency=1',
      '--continue',
      '--env-mode=loose',
      '--output-logs=new-only',
    );
    const sum = collectReports(task);
    if (code !== 0 && sum.failed === 0) fail(sum, `"${task}" exited with ${code}, see above`);
    sums.push(sum);
  }
  return addUp(sums);
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
