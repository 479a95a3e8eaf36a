import { expect, test } from 'vitest';

import { isUnder, requestPath } from './request-path.js';

test.each([
  ['GET /agent HTTP/1.1\r\nHost: x\r\n', '/agent'],
  ['GET /agent?access_token=a/b HTTP/1.1\r\n', '/agent'],
  [
    'POST //twirp/livekit.RoomService/ListRooms HTTP/1.1\r\n',
    '/twirp/livekit.RoomService/ListRooms',
  ],
  ['', undefined],
  ['GET', undefined],
  ['GET /agent HTTP/1.1\r', undefined],
  ['\u0016\u0003\u0001', null],
  ['hello there', null],
  [`GET /${'x'.repeat(20_000)}`, null],
  ['GET\r\n', null],
])('%j is for %j', (bytes, path) => {
  expect(requestPath(Buffer.from(bytes))).toBe(path);
});

test.each([
  ['/agent', '/agent', true],
  ['/agent/x', '/agent', true],
  ['/agents', '/agent', false],
  ['/', '/agent', false],
  ['/rtc/v1', '/', true],
])('%s under %s: %s', (path, prefix, under) => {
  expect(isUnder(path, prefix)).toBe(under);
});
