import type { ControlAnswer, ReloadReport } from '@openrtc/core/operate';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { failureText, linesOf, reloadJson } from './worker-reload.js';

const worker = { pid: 7, socket: '/run/7-aa.control' };
const head = { schemaVersion: 1, worker: { pid: 7, entry: 'main.js' } } as const;

const applied: ReloadReport = {
  generation: 3,
  outcome: 'applied',
  files: ['/agents/shop.ts', '/lib/price.ts'],
  agents: ['shop', 'kiosk'],
  notes: ['call AJ_2 goes on with its old code: it is pinned'],
  calls: [
    { jobId: 'AJ_1', result: 'renewed' },
    { jobId: 'AJ_2', result: 'kept_old', why: 'it is pinned' },
    { jobId: 'AJ_3', result: 'renewed' },
  ],
  durationMs: 120,
};
const unchanged: ReloadReport = {
  ...applied,
  outcome: 'unchanged',
  files: [],
  agents: [],
  notes: [],
  calls: [],
};
const refused: ReloadReport = {
  ...unchanged,
  outcome: 'refused',
  files: ['/agents/shop.ts'],
  error: {
    code: 'CONFIG_DISCOVERY',
    message: '/agents/shop.ts:1:2: no',
    stack: 'Error',
    cause: { code: 'X', message: 'no' },
  },
};

const answered = (result: ReloadReport) => ({
  worker,
  answer: { ...head, ok: true, result } satisfies ControlAnswer<ReloadReport>,
});
const cannot = {
  worker,
  answer: { ...head, ok: false, error: { code: 'POOL_STATE', message: 'do this' } } as const,
};
const silent = { worker, problem: 'it did not answer within 120000 ms' };

test.each([
  [
    answered(applied),
    undefined,
    [
      'worker 7: reload 3: /agents/shop.ts, /lib/price.ts changed, agents have new code: shop, kiosk; calls: 2 renewed, 1 kept_old; 120 ms',
      '  call AJ_2 goes on with its old code: it is pinned',
    ],
  ],
  [answered(unchanged), undefined, ['worker 7: the code in use is that of the files']],
  [answered(refused), 'worker 7: nothing has changed: /agents/shop.ts:1:2: no', []],
  [cannot, 'worker 7 was not reloaded: do this [POOL_STATE]', []],
  [silent, 'worker 7 was not reloaded: it did not answer within 120000 ms', []],
])('case %#: what is printed', (reload, failure, lines) => {
  expect(failureText(reload)).toBe(failure);
  expect(linesOf(reload)).toEqual(lines);
});

interface Schema {
  readonly required?: readonly string[];
  readonly properties?: object;
}

test('the document matches its schema', () => {
  const schema = JSON.parse(
    readFileSync(new URL('../../../schemas/reload.schema.json', import.meta.url), 'utf8'),
  ) as Schema & { $defs: Record<'worker' | 'report' | 'call' | 'error', Schema> };
  const fits = (value: object, { required = [], properties = {} }: Schema) => {
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(value)));
    expect(Object.keys(value)).toEqual(expect.arrayContaining([...required]));
  };
  const document = reloadJson([answered(applied), answered(refused), cannot, silent]);
  fits(document, schema);
  for (const each of document.workers) {
    fits(each, schema.$defs.worker);
    for (const error of [each.error, each.report?.error, each.report?.error?.cause])
      if (error) fits(error, schema.$defs.error);
    if (each.report === null) continue;
    fits(each.report, schema.$defs.report);
    for (const call of each.report.calls) fits(call, schema.$defs.call);
  }
  expect(
    document.workers.map(({ entry, report, error }) => [entry, report?.outcome, error]),
  ).toEqual([
    ['main.js', 'applied', null],
    ['main.js', 'refused', null],
    ['main.js', undefined, { code: 'POOL_STATE', message: 'do this' }],
    [null, undefined, { code: null, message: 'it did not answer within 120000 ms' }],
  ]);
});
