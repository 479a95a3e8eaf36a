import { expect, test } from 'vitest';

import { OpenRtcError, isOpenRtcError, messageOf, toPlainError } from './errors.js';

const throwing = (thrown: unknown) => ({
  get message(): string {
    throw thrown;
  },
});
const revoked = Proxy.revocable({}, {});
revoked.revoke();

test.each<[what: string, value: unknown]>([
  ['undefined', undefined],
  ['a string', 'boom'],
  ['a symbol', Symbol('boom')],
  ['an object without a prototype', Object.create(null)],
  ['an object that serialises to nothing', { toJSON: () => undefined }],
  ['a getter that throws', throwing(new Error('no'))],
  ['a getter that throws an object without a text', throwing(Object.create(null))],
  ['a revoked proxy', revoked.proxy],
])('%s can be read and cloned, and is not an OpenRtcError', (_what, value) => {
  const plain = toPlainError(value);
  expect(structuredClone(plain)).toEqual(plain);
  expect(typeof messageOf(value)).toBe('string');
  expect(messageOf(value)).not.toBe('');
  expect(isOpenRtcError(value)).toBe(false);
});

test('an OpenRtcError keeps its code and its cause', () => {
  const error = new OpenRtcError('SESSION_EXIT', 'no', { cause: undefined });
  expect(isOpenRtcError(error)).toBe(true);
  expect(toPlainError(new OpenRtcError('INTERNAL', 'outer', { cause: error }))).toMatchObject({
    code: 'INTERNAL',
    cause: { code: 'SESSION_EXIT' },
  });
});
