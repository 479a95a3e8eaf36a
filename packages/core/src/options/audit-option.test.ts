import { expect, test } from 'vitest';

import { checkOperateOptions } from './check-operate-options.js';

const check = (audit: unknown) => () => checkOperateOptions('AgentPool', { audit });
const secret = 'marker-of-a-header-0123456789';

test.each<[unknown, string]>([
  ['audit.jsonl', 'audit: options must be an object, got a string'],
  [{ sinks: [] }, 'audit: unknown option "sinks"; did you mean "sink"?'],
  [{}, 'audit.sink must be { file }, { url }, or a function (event) => {}, or an array'],
  [{ sink: [] }, 'audit.sink must be { file }'],
  [{ sink: 'audit.jsonl' }, 'got a string'],
  [{ sink: class Sink {} }, 'got a class'],
  [{ sink: [() => {}, 5] }, 'audit.sink[1] must be { file }, { url }, or a function'],
  [{ sink: { file: ' ' } }, 'audit.sink.file must be a string that is not blank'],
  [{ sink: { file: undefined } }, 'audit.sink.file must be a string that is not blank'],
  [{ sink: { file: 'a', keep: 1 } }, 'audit.sink: unknown option "keep"'],
  [{ sink: { file: 'a', maxFileMb: 0 } }, 'audit.sink.maxFileMb must be a whole number from 1'],
  [{ sink: { file: 'a', keepFiles: 101 } }, 'audit.sink.keepFiles must be a whole number from 0'],
  [{ sink: { file: 'a', fsync: 'yes' } }, 'audit.sink.fsync must be true or false'],
  [{ sink: [{ file: 'a' }, { file: 'a' }] }, 'audit.sink has two sinks with the same file'],
  [{ sink: { url: 'logs' } }, 'audit.sink.url must be a URL such as https://'],
  [{ sink: { url: 'ftp://logs' } }, 'audit.sink.url must be a URL such as https://'],
  [{ sink: { url: 5 } }, 'got a number'],
  [{ sink: { url: 'http://a', timeoutMs: 0 } }, 'audit.sink.timeoutMs must be a whole number'],
  [{ sink: { url: 'http://a', retries: -1 } }, 'audit.sink.retries must be a whole number from 0'],
  [{ sink: { url: 'http://a', headers: [] } }, 'audit.sink.headers must be an object of texts'],
  [{ sink: { url: 'http://a', headers: { a: 5 } } }, 'got a number'],
  [{ sink: { url: 'http://a', headers: { a: `${secret}\nb` } } }, 'HTTP does not allow'],
  [{ sink: { url: 'http://a', headers: { 'a b': secret } } }, 'HTTP does not allow'],
])('%j: %s', (audit, message) => {
  const error: unknown = (() => {
    try {
      return check(audit)();
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toMatchObject({
    code: 'CONFIG_INVALID_OPTION',
    message: expect.stringContaining(message) as string,
  });
  expect(String(error)).not.toContain(secret);
});

test.each([
  undefined,
  null,
  { sink: () => {} },
  { sink: [{ file: 'a', fsync: true }, { url: 'https://u:p@a/b', headers: { a: 'b' } }, () => {}] },
])('%j is valid', (audit) => {
  expect(check(audit)).not.toThrow();
});
