import { expect, test } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { resolveEndpoint } from './livekit-endpoint.js';
import { roomUrl, warnIfPlain } from './room-url.js';

const cloud = 'wss://my-project.livekit.cloud';

test.each([
  [undefined, cloud, cloud],
  ['', cloud, cloud],
  ['wss://my-project.livekit.cloud/rtc?x=1', cloud, 'wss://my-project.livekit.cloud/rtc?x=1'],
  ['https://MY-project.livekit.cloud:443', cloud, 'https://MY-project.livekit.cloud:443'],
  ['wss://10.0.0.7', 'ws://10.0.0.7:443', 'wss://10.0.0.7'],
  ['embedded://127.0.0.1:4711', 'ws://127.0.0.1:4711', 'embedded://127.0.0.1:4711'],
  ['ws://[::1]:7880', 'http://[::1]:7880/', 'ws://[::1]:7880'],
])('a room at %s is joined by a worker at %s', (assigned, url, expected) => {
  expect(roomUrl(assigned, { url })).toBe(expected);
});

test.each([
  ['wss://evil.example', cloud, 'evil.example'],
  ['wss://my-project.livekit.cloud.evil.example', cloud, 'evil.example'],
  ['wss://my-project.livekit.cloud@evil.example', cloud, 'evil.example'],
  ['wss://my-project.livekit.cloud:8443', cloud, ':8443'],
  ['ws://my-project.livekit.cloud:443', cloud, 'without TLS'],
  ['embedded://my-project.livekit.cloud:443', cloud, 'without TLS'],
  ['embedded://127.0.0.1:4712', 'ws://127.0.0.1:4711', '127.0.0.1:4712'],
  ['file:///etc/passwd', 'ws://127.0.0.1:4711', 'not a LiveKit URL'],
  ['nonsense', cloud, 'not a LiveKit URL'],
])('a room at %s is not joined by a worker at %s', (assigned, url, why) => {
  expect(() => roomUrl(assigned, { url })).toThrow(
    expect.objectContaining({
      code: 'SESSION_FOREIGN_HOST',
      message: expect.stringContaining(why),
    }),
  );
});

test.each([
  ['rtc.example.com', 'wss://rtc.example.com:8443'],
  ['rtc.example.com:8443', 'wss://rtc.example.com:8443'],
  ['*.example.com', 'wss://eu.rtc.EXAMPLE.com'],
])('the allowed host %s allows %s', (host, assigned) => {
  expect(roomUrl(assigned, { url: cloud, allowedHosts: [host] })).toBe(assigned);
});

test.each([
  ['rtc.example.com:8443', 'wss://rtc.example.com'],
  ['*.example.com', 'wss://example.com'],
  ['*.example.com', 'wss://badexample.com'],
  ['rtc.example.com', 'ws://rtc.example.com'],
])('the allowed host %s does not allow %s', (host, assigned) => {
  expect(() => roomUrl(assigned, { url: cloud, allowedHosts: [host] })).toThrow(/LiveKit sent/);
});

test.each([['*'], [''], ['wss://host'], ['host/path'], ['*.*'], [7], 'host'])(
  'allowedHosts %j is refused',
  (...hosts) => {
    const [first] = hosts;
    const allowedHosts = (first === 'host' ? 'host' : hosts) as never;
    const options = { url: cloud, apiKey: 'k', apiSecret: 's', allowedHosts };
    expect(() => resolveEndpoint(options, {})).toThrow(/allowedHosts must be an array of hosts/);
  },
);

test.each([
  ['ws://10.0.0.7:7880', true],
  ['http://livekit.internal', true],
  ['wss://10.0.0.7', false],
  ['ws://localhost:7880', false],
  ['ws://127.0.0.1:7880', false],
  ['ws://[::1]:7880', false],
])('a worker at %s logs a warning about plain text: %s', (url, warned) => {
  const log = new LogBook();
  warnIfPlain(url, log);
  expect(log.has('not encrypted')).toBe(warned);
});

test('a worker of LiveKit Cloud accepts calls on all of its hosts, and on no others', () => {
  const region = 'wss://acme.fra.production.livekit.cloud';
  expect(roomUrl(region, { url: cloud })).toBe(region);
  for (const foreign of [
    'wss://livekit.cloud.evil.example',
    'wss://evillivekit.cloud',
    'ws://acme.livekit.cloud',
  ])
    expect(() => roomUrl(foreign, { url: cloud })).toThrow('LiveKit sent a call');
});

test('a worker of another server does not accept calls on LiveKit Cloud', () => {
  expect(() => roomUrl('wss://acme.livekit.cloud', { url: 'wss://calls.example' })).toThrow(
    'allowedHosts',
  );
});
