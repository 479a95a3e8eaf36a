import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { errorCodes } from '../base/errors.js';
import { type Cause, causeOf, causes, countsAgainstWorker } from './caused-by.js';

test.each(Object.keys(errorCodes).filter((code) => /^(SESSION|ISOLATION)_/.test(code)))(
  '%s has a cause',
  (code) => {
    expect(causes).toHaveProperty(code);
    expect(causeOf('failed', code)).toBe(causes[code]);
  },
);

test.each([undefined, 'ENOENT', 'toString', 'INTERNAL'])(
  'a failure with the code %s comes from the strategy, so from the worker',
  (code) => {
    expect(causeOf('failed', code)).toBe('worker');
  },
);

test('only the machine and the worker count against the worker', () => {
  const all: readonly Cause[] = [
    'caller',
    'room',
    'livekit',
    'network',
    'provider',
    'agent',
    'host',
    'worker',
  ];
  expect(all.filter(countsAgainstWorker)).toEqual(['host', 'worker']);
});

describe('docs/flow.md', () => {
  const docs = readFileSync(new URL('../../../../docs/flow.md', import.meta.url), 'utf8');
  const [, section = ''] = docs.split('## Whose doing it was');
  const table = Object.fromEntries(
    [...section.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, end, cause]) => [end, cause]),
  );

  test('has the same table', () => {
    expect(table).toEqual(causes);
  });
});
