import { usageFigures } from '@openrtc/core/operate';
import { expect, test } from 'vitest';

import type { SeenCall, SeenUsage } from './call-log.js';
import { csvLines } from './usage-csv.js';
import { TooManyGroups, UsageTable } from './usage-table.js';

const used = (given: Partial<SeenUsage> = {}): SeenUsage => {
  const none = Object.fromEntries(usageFigures.map((figure) => [figure, 0]));
  return { kind: 'llm', provider: 'p', model: 'm', ...none, ...given } as SeenUsage;
};

const call = (tenant: string, usage: readonly SeenUsage[] = []): SeenCall => ({
  jobId: 'AJ_1',
  agent: 'sales',
  tenant,
  at: 0,
  durationMs: 0,
  usage,
  ended: true,
});

test('groups are sorted by their names, in the order that was asked for', () => {
  const table = new UsageTable(['agent', 'tenant']);
  for (const tenant of ['b', 'a', 'B', 'a,b']) table.add(call(tenant));
  expect(table.groups(undefined).map(({ of }) => of.tenant)).toEqual(['B', 'a', 'a,b', 'b']);
});

test('without anything to tell them apart all calls are one group', () => {
  const table = new UsageTable([]);
  for (const tenant of ['a', 'b']) table.add(call(tenant));
  expect(table.groups(undefined)).toMatchObject([{ of: {}, calls: 2 }]);
});

test('more groups or models than there may be are an error', () => {
  const tenants = new UsageTable(['tenant'], 3);
  for (const tenant of ['a', 'b', 'c', 'a']) tenants.add(call(tenant));
  expect(() => tenants.add(call('d'))).toThrow(TooManyGroups);
  const models = new UsageTable([], 3);
  models.add(call('a', [used(), used({ model: 'n' })]));
  expect(() => models.add(call('a', [used({ model: 'o' })]))).toThrow(TooManyGroups);
});

// Those that no provider of the kind reports have no column of it.
test.each(usageFigures)('%s is in the CSV', (figure) => {
  const table = new UsageTable([]);
  const kinds = ['llm', 'tts', 'stt'].map((kind) => used({ kind, [figure]: 7_000 }));
  table.add(call('a', kinds));
  const [head = '', row = ''] = [...csvLines(table.groups(undefined), [], '')];
  const shown = head
    .split(',')
    .filter((_name, at) => ['7000', '7'].includes(row.split(',')[at] ?? ''));
  expect(shown.length).toBeGreaterThan(0);
});
