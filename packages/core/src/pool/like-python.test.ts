import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { auditRows } from './like-python/python-audit.fixture.js';
import { breakerRows } from './like-python/python-breaker.fixture.js';
import { capRows, filterRows } from './like-python/python-caps.fixture.js';
import { type PythonRow, SAME } from './like-python/python-row.fixture.js';
import { tenantRows } from './like-python/python-tenants.fixture.js';
import { membershipRows, workerRows } from './like-python/python-worker.fixture.js';
import { PoolHarness } from './pool-harness.js';

/*
 * What OpenRTC for Python 0.20.1 documents about many customers in one pool, beside what is done here, and why it is not
 * the same. Each row has a proof of what is done here.
 */
const table: Readonly<Record<string, readonly PythonRow[]>> = {
  tenants: tenantRows,
  caps: capRows,
  'the breaker': breakerRows,
  'filters and signatures': filterRows,
  'the worker': workerRows,
  membership: membershipRows,
  'audit and usage': auditRows,
};

const titleOf = ({ what, python, here, fault }: PythonRow) =>
  `${fault === undefined ? '' : `${fault}: `}${what}. Python: ${python}. Here: ${here}`;

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

describe.each(Object.entries(table))('%s', (_area, rows) => {
  const named = rows.map((row) => [titleOf(row), row.proof] as const);
  test.each(named)('%s', (_title, proof) => proof(rig));
});

describe('the table', () => {
  const rows = Object.values(table).flat();

  test('each row that is not the same has a reason, and no other', () => {
    const unclear = rows.filter(({ here, differs }) => (here === SAME) !== (differs === undefined));
    expect(unclear.map(({ what }) => what)).toEqual([]);
    expect(new Set(rows.map(({ what, python }) => `${what}: ${python}`)).size).toBe(rows.length);
  });

  test('the faults of Python that belong to this are in it', () => {
    const faults = new Set(rows.map(({ fault }) => fault).filter((fault) => fault !== undefined));
    expect([...faults].sort()).toEqual(['B10', 'B11', 'B15', 'B17']);
  });
});
