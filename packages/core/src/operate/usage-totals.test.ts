import { expect, test } from 'vitest';

import type { ProviderUsage } from '../call/provider-usage.js';
import { used } from '../call/used.fixture.js';
import { UsageTotals } from './usage-totals.js';

const call = (tenant: string, usage: readonly ProviderUsage[] = [], durationMs = 1_000) => ({
  tenant,
  agent: 'sales',
  durationMs,
  usage,
});

/** Counts calls from their start to their end. */
function ended(totals: UsageTotals, ...calls: readonly ReturnType<typeof call>[]): void {
  for (const each of calls) {
    totals.start(each);
    totals.end(each);
  }
}

test('calls are added up by tenant and agent, and their usage by model', () => {
  const totals = new UsageTotals();
  ended(
    totals,
    call('acme', [used({ inputTokens: 100, cachedInputTokens: 40, outputTokens: 5 })]),
    call('globex', [used({ inputTokens: 7 })], 500),
    call('acme', [
      used({ inputTokens: 1, outputTokens: 2 }),
      used({ kind: 'tts', provider: 'x', model: 'voice', characters: 12, audioDurationMs: 900 }),
    ]),
  );
  ended(totals, { ...call('acme'), agent: 'support' });
  expect(totals.snapshot([])).toMatchObject({
    rows: [
      {
        tenant: 'acme',
        agent: 'sales',
        calls: 2,
        liveCalls: 0,
        durationMs: 2_000,
        providers: [
          { kind: 'llm', inputTokens: 101, cachedInputTokens: 40, outputTokens: 7 },
          { kind: 'tts', model: 'voice', characters: 12, audioDurationMs: 900 },
        ],
      },
      { tenant: 'globex', calls: 1, durationMs: 500, providers: [{ inputTokens: 7 }] },
      { tenant: 'acme', agent: 'support', calls: 1, providers: [] },
    ],
    rest: null,
  });
});

test('live calls are counted up to now, and once when they have ended', () => {
  const totals = new UsageTotals();
  totals.start(call('acme'));
  const soFar = call('acme', [used({ inputTokens: 10 })], 300);
  for (let asked = 0; asked < 2; asked += 1)
    expect(totals.snapshot([soFar]).rows).toMatchObject([
      { calls: 1, liveCalls: 1, durationMs: 300, providers: [{ inputTokens: 10 }] },
    ]);
  totals.end(call('acme', [used({ inputTokens: 30 })], 900));
  expect(totals.snapshot([]).rows).toMatchObject([
    { calls: 1, liveCalls: 0, durationMs: 900, providers: [{ inputTokens: 30 }] },
  ]);
});

test('a snapshot does not change when more is counted', () => {
  const totals = new UsageTotals();
  ended(totals, call('acme', [used({ inputTokens: 1 })]));
  const before = totals.snapshot([]);
  const copy = structuredClone(before);
  ended(totals, call('acme', [used({ inputTokens: 1 })]));
  expect(before).toEqual(copy);
});

test('of too many tenants the further ones are counted together: nothing is lost', () => {
  const totals = new UsageTotals(20);
  for (let at = 0; at < 100; at += 1)
    ended(totals, call(`tenant-${at}`, [used({ inputTokens: 3 }), used({ model: `m-${at}` })]));
  totals.start(call('live'));
  const { rows, rest } = totals.snapshot([call('live', [used({ inputTokens: 50 })], 10)]);
  const all = [...rows, ...(rest === null ? [] : [rest])];
  const sum = (of: (row: (typeof all)[number]) => number) =>
    all.reduce((so, row) => so + of(row), 0);
  expect(rows.length).toBeLessThanOrEqual(20);
  expect(sum(({ calls }) => calls)).toBe(101);
  expect(sum(({ liveCalls }) => liveCalls)).toBe(1);
  expect(sum(({ durationMs }) => durationMs)).toBe(100 * 1_000 + 10);
  expect(
    sum(({ providers }) => providers.reduce((so, { inputTokens }) => so + inputTokens, 0)),
  ).toBe(100 * 3 + 50);
  expect(rest).toMatchObject({ liveCalls: 1 });
});

test('of too many models of one tenant the further ones are counted together', () => {
  const totals = new UsageTotals(5);
  for (let at = 0; at < 50; at += 1)
    ended(totals, call('acme', [used({ model: `m-${at}`, outputTokens: 2 })]));
  const [row, ...more] = totals.snapshot([]).rows;
  expect(more).toEqual([]);
  expect(row?.providers.length).toBeLessThanOrEqual(6);
  expect(row?.providers.at(-1)).toMatchObject({ provider: 'other', model: 'other' });
  expect(row?.providers.reduce((sum, { outputTokens }) => sum + outputTokens, 0)).toBe(100);
});
