import { expect, it } from 'vitest';

import { readOptions } from './options.js';

it('has defaults', () => {
  expect(readOptions([])).toEqual({
    calls: 200,
    concurrency: 4,
    isolation: 'coroutine',
    music: false,
    heap: undefined,
  });
});

it('reads options, also behind the two dashes of npm', () => {
  expect(readOptions(['--', '--calls', '8', '--concurrency=2'])).toMatchObject({
    calls: 8,
    concurrency: 2,
  });
  expect(readOptions(['--music'])).toMatchObject({ music: true });
  expect(readOptions(['--help'])).toBeUndefined();
});

it('says what is wrong', () => {
  expect(() => readOptions(['--calls', 'many'])).toThrow(
    "--calls needs a whole number of 2 or more, not 'many'.",
  );
  expect(() => readOptions(['--concurrency', '0'])).toThrow('--concurrency');
  expect(() => readOptions(['--call', '8'])).toThrow('--call');
});
