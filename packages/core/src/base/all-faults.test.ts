import { expect, test } from 'vitest';

import { checkAll, faultsOf } from './all-faults.js';
import { OpenRtcError } from './errors.js';

const fails = (code: 'CONFIG_INVALID_OPTION' | 'CONFIG_INVALID_URL', message: string) => () => {
  throw new OpenRtcError(code, message);
};

function thrownBy(check: () => void): OpenRtcError {
  try {
    check();
  } catch (error) {
    return error as OpenRtcError;
  }
  throw new Error('it did not throw');
}

test('without a fault nothing is thrown; one is thrown as it is', () => {
  expect(() => checkAll([() => {}, () => {}])).not.toThrow();
  const error = new OpenRtcError('CONFIG_INVALID_URL', 'not a URL');
  const thrown = thrownBy(() =>
    checkAll([
      () => {},
      () => {
        throw error;
      },
    ]),
  );
  expect(thrown).toBe(error);
  expect(faultsOf(thrown)).toEqual([error]);
});

test('several are one error with all lines, also when they were collected in groups', () => {
  const one = fails('CONFIG_INVALID_URL', 'one');
  const group = () =>
    checkAll([fails('CONFIG_INVALID_OPTION', 'two'), fails('CONFIG_INVALID_OPTION', 'three')]);
  const error = thrownBy(() => checkAll([one, () => {}, group]));
  expect(error).toMatchObject({
    code: 'CONFIG_INVALID_URL',
    message: '3 things are wrong:\n  one\n  two\n  three',
  });
  expect(faultsOf(error).map(({ code }) => code)).toEqual([
    'CONFIG_INVALID_URL',
    'CONFIG_INVALID_OPTION',
    'CONFIG_INVALID_OPTION',
  ]);
});

test('a bug is thrown at once', () => {
  const bug = () => {
    throw new TypeError('a bug');
  };
  expect(() => checkAll([fails('CONFIG_INVALID_URL', 'one'), bug])).toThrow(new TypeError('a bug'));
});
