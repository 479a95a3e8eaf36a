import { expect, test } from 'vitest';

import { isProviderError, providerErrorCode, toProviderError } from './provider-error.js';

const error = (fields: object) => Object.assign(new Error('x'), fields);
const unreadable = Object.defineProperty({}, 'status', {
  get: () => {
    throw new Error('hands off');
  },
});

test.each<[what: string, thrown: unknown, code: string]>([
  ['a status of the SDK', error({ statusCode: 401 }), '401'],
  ['a status of a library', error({ status: 503 }), '503'],
  ['no status', error({ statusCode: -1, name: 'APIStatusError' }), 'APIStatusError'],
  ['a status in the cause', new Error('x', { cause: error({ status: 429 }) }), '429'],
  ['a timeout of the SDK', error({ name: 'APITimeoutError' }), 'timeout'],
  ['a timeout of a signal', new DOMException('x', 'TimeoutError'), 'timeout'],
  ['an STT stream that has ended', error({ name: 'StreamEndedError' }), 'ended'],
  ['a TTS without audio', error({ name: 'NoAudioError' }), 'no_audio'],
  ['a lost connection', error({ name: 'APIConnectionError' }), 'connection'],
  [
    'a lost connection, with its cause',
    error({ name: 'APIConnectionError', cause: error({ code: 'ECONNRESET' }) }),
    'connection',
  ],
  ['an error of the system', error({ code: 'ENOTFOUND' }), 'ENOTFOUND'],
  ['a numeric code', error({ code: 7 }), 'Error'],
  ['an error of JavaScript', new TypeError('x'), 'TypeError'],
  ['a circle of causes', circular(), 'Error'],
  ['a text', 'broken', 'Error'],
  ['undefined', undefined, 'Error'],
  ['what cannot be read', unreadable, 'Error'],
])('%s', (_what, thrown, code) => {
  expect(providerErrorCode(thrown)).toBe(code);
});

function circular(): Error {
  const thrown = new Error('x');
  thrown.cause = thrown;
  return thrown;
}

test('what is reported is plain, short and printable, whatever was thrown', () => {
  const huge = toProviderError('llm', 'x'.repeat(500), false, new Error('y\u0000'.repeat(5_000)));
  expect(huge.label).toHaveLength(64);
  expect(huge.message).toHaveLength(500);
  expect(isProviderError(structuredClone(huge))).toBe(true);
  expect(toProviderError('tts', 5, true, undefined)).toMatchObject({ label: '', code: 'Error' });
});

test.each([
  ['not an object', 'llm'],
  ['another kind', { kind: 'avatar', label: '', code: '1', recoverable: true, message: '' }],
  ['no code', { kind: 'llm', label: '', recoverable: true, message: '' }],
  [
    'a long message',
    { kind: 'llm', label: '', code: '1', recoverable: true, message: 'x'.repeat(5_000) },
  ],
])('another process cannot report %s', (_what, value) => {
  expect(isProviderError(value)).toBe(false);
});
