import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { connectRules } from './rules/connect.fixture.js';
import { endRules } from './rules/end.fixture.js';
import { jobRules } from './rules/job.fixture.js';
import { registerRules } from './rules/register.fixture.js';
import { Bench } from './rules/rule.fixture.js';

/*
 * LiveKit's worker protocol, rule by rule. P1 to P30 are the rules as found in the source of the server and by
 * measurements (livekit-server 1.13.5). Each has a row that tests the worker.
 */
const rules = [...connectRules, ...registerRules, ...jobRules, ...endRules];

/** Facts about the server that require nothing of a worker. */
const facts = {
  P26: 'ListDispatch never shows how a job ended; the tests on a real server read its log instead (tests/e2e)',
  P27: 'for 5 s after a new API key the server may not send terminations; calls watch their rooms anyway (watch/room-watch.ts)',
};

let bench: Bench;

beforeEach(() => {
  bench = new Bench();
});

afterEach(async () => {
  vi.useRealTimers();
  await bench.close();
});

test('every rule from P1 to P30 has a row, or a reason why it has none', () => {
  const all = Array.from({ length: 30 }, (_, at) => `P${at + 1}`);
  const covered = new Set([...rules.map(({ id }) => id), ...Object.keys(facts)]);
  expect(all.filter((id) => !covered.has(id))).toEqual([]);
  for (const [id, why] of Object.entries(facts)) console.log(`${id} has no row: ${why}`);
});

describe('a worker', () => {
  for (const rule of rules) test(`${rule.id}: ${rule.must}`, () => rule.run(bench));
});
