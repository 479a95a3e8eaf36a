import { expect, test } from 'vitest';

import { redactor } from './redact.js';

const env = {
  LIVEKIT_API_SECRET: 'averylongsecretvalue',
  OPENAI_API_KEY: 'not-shaped-like-a-key',
  SHORT_TOKEN: 'abc',
  LANG: 'a harmless value',
};
const redact = redactor(env, ['given-as-an-option', 'a\\b"c-quoted', undefined, '']);

test.each([
  ['a JWT', 'got eyJhbGciOi.eyJzdWIiOi.c2ln', 'got [token]'],
  ['a JWT behind a dash', 'got job-eyJhbGciOi.eyJzdWIiOi.c2ln', 'got [token]'],
  ['a bearer token of letters', 'Bearer abcdefghijkl', 'Bearer [secret]'],
  ['a password in Base64', 'Authorization: Basic dXNlcjpwYXNz', 'Authorization: Basic [secret]'],
  ['a password with brackets', '{"password":"ab}c]d\\e"}', '{"password":"[secret]"}'],
  ['a bearer token', 'Authorization: Bearer abcdef123456', 'Authorization: Bearer [secret]'],
  [
    'a token in a query',
    'wss://h/rtc?access_token=abcdef&x=1',
    'wss://h/rtc?access_token=[secret]&x=1',
  ],
  ['a key in JSON', '{"api_key":"abcdef"}', '{"api_key":"[secret]"}'],
  ['a key in JSON in JSON', '"{\\"api_key\\":\\"abcdef\\"}"', '"{\\"api_key\\":\\"[secret]\\"}"'],
  ['a secret that JSON escapes', '{"is":"a\\\\b\\"c-quoted"}', '{"is":"[secret]"}'],
  ['a key in a provider error', 'Incorrect key sk-proj-abcdefghijkl', 'Incorrect key [secret]'],
  ['credentials in a URL', 'https://user:pass@host/x', 'https://[secret]@host/x'],
  ['the value of a variable', 'key averylongsecretvalue was refused', 'key [secret] was refused'],
  ['a value given as an option', 'is given-as-an-option', 'is [secret]'],
  ['a key of no known shape', 'key not-shaped-like-a-key', 'key [secret]'],
])('%s is removed', (_what, text, clean) => {
  expect(redact(text)).toBe(clean);
});

test('the longer of two secrets is removed first, so that no part of it remains', () => {
  const both = redactor({ A_SECRET: 'abcdefgh', b_apikey: 'abcdefgh-and-more' });
  expect(both('abcdefgh-and-more abcdefgh')).toBe('[secret] [secret]');
});

test.each([
  'SESSION_JOIN_FAILED: the room could not be joined',
  'abc',
  'a harmless value',
  'token validation failed for basic knowledge',
  '{"inputTokens":12345,"secret":null}',
  '{"token":12345}',
])('"%s" stays as it is', (text) => {
  expect(redact(text)).toBe(text);
});

test.each([
  'a',
  'eyJa-',
  '-eyJ',
  '://',
  'token=1',
  'eyJa.',
  'a://',
  'a.',
  'token ',
  'token = ',
  'Bearer a',
  'sk-',
  ' ',
  'a@',
  '1',
])('two megabytes of %j do not take quadratic time', (piece) => {
  const text = `password${piece.repeat(Math.ceil(2 ** 21 / piece.length))}`;
  // A quadratic pattern would take hours.
  expect(typeof redact(text)).toBe('string');
});
