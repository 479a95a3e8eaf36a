// Sums up what vitest's json reporter wrote.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packageTimes } from './stage-times.mjs';
import { readJson, root, workspacePackages } from './packages.mjs';

function reportFiles(folder) {
  const directory = join(root, folder, 'test-results');
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(directory, name));
}

/** Removes every report, so that what is read later was written by this run. */
export function deleteReports() {
  for (const { folder } of workspacePackages()) {
    for (const file of reportFiles(folder)) rmSync(file);
  }
}

/**
 * Reads the reports of one task (`test`, `e2e`).
 * `failures` has a line for each: a test, a file that did not load, a runner that left no report.
 * `packages` says where the time went, see `packageTimes`.
 */
export function collectReports(task) {
  const sum = { passed: 0, failed: 0, skipped: [], failures: [], packages: [] };
  for (const { folder, manifest } of workspacePackages()) {
    const reports = reportFiles(folder)
      .map((file) => readJson(file))
      .filter((report) => Array.isArray(report.testResults));
    for (const report of reports) {
      const before = sum.failed;
      addReport(sum, report, folder);
      sum.packages.push(packageTimes(folder, report));
      // An unhandled rejection, say, or no test file at all.
      if (report.success === false && sum.failed === before) {
        fail(sum, `${folder}: "${task}" failed outside of its tests, see above`);
      }
    }
    if (reports.length === 0 && manifest.scripts?.[task] !== undefined) {
      fail(sum, `${folder}: "${task}" ended without a report`);
    }
  }
  return sum;
}

function addReport(sum, report, folder) {
  for (const file of report.testResults) {
    const name = relative(root, file.name);
    let failed = false;
    for (const test of file.assertionResults) {
      if (test.status === 'passed') sum.passed += 1;
      else if (test.status !== 'failed')
        sum.skipped.push({ folder, name: `${name} > ${test.fullName}` });
      else {
        failed = true;
        fail(sum, `${name} > ${test.fullName}`);
      }
    }
    if (file.status === 'failed' && !failed) {
      fail(sum, `${name}: ${String(file.message).split('\n')[0] || 'failed outside of a test'}`);
    }
  }
}

/** Counts one failure. */
export function fail(sum, what) {
  sum.failed += 1;
  sum.failures.push(what);
}

/** Adds up the sums of several tasks. */
export function addUp(sums) {
  return {
    passed: sums.reduce((total, { passed }) => total + passed, 0),
    failed: sums.reduce((total, { failed }) => total + failed, 0),
    skipped: sums.flatMap(({ skipped }) => skipped),
    failures: sums.flatMap(({ failures }) => failures),
  };
}

/** The one line a machine reads: `12 passed, 0 failed`, with `, 1 skipped` where there are any. */
export function summaryLine({ passed, failed, skipped }) {
  const line = `${passed} passed, ${failed} failed`;
  return skipped.length === 0 ? line : `${line}, ${skipped.length} skipped`;
}
