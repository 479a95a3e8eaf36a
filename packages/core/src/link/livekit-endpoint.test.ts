import { expect, test } from 'vitest';

import { resolveEndpoint, workerUrl } from './livekit-endpoint.js';

test.each([
  ['ws://localhost:7880', 'ws://localhost:7880/agent'],
  ['wss://my-project.livekit.cloud', 'wss://my-project.livekit.cloud/agent'],
  ['http://localhost:7880', 'ws://localhost:7880/agent'],
  ['https://my-project.livekit.cloud/', 'wss://my-project.livekit.cloud/agent'],
  ['HTTPS://My-Project.livekit.cloud', 'wss://my-project.livekit.cloud/agent'],
  ['wss://host/rtc/eu', 'wss://host/rtc/eu/agent'],
  ['wss://host/rtc/eu//', 'wss://host/rtc/eu/agent'],
  ['wss://host/agent', 'wss://host/agent'],
  ['wss://host/agent/', 'wss://host/agent'],
  ['wss://host/my-agent', 'wss://host/my-agent/agent'],
  ['wss://host/rtc?region=eu&x=1', 'wss://host/rtc/agent?region=eu&x=1'],
])('the worker socket of %s is %s', (url, expected) => {
  expect(workerUrl(url).href).toBe(expected);
});

test('a worker token is added to the existing query', () => {
  expect(workerUrl('wss://host/?region=eu', 'a b&c').href).toBe(
    'wss://host/agent?region=eu&worker_token=a+b%26c',
  );
});

test.each(['localhost', '', 'ftp://host', 'my-project.livekit.cloud:443'])(
  '"%s" is refused with an example',
  (url) => {
    expect(() => workerUrl(url)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID_URL',
        message: expect.stringContaining('ws://localhost:7880'),
      }),
    );
  },
);

test('each missing credential is named', () => {
  expect(() => resolveEndpoint({}, {})).toThrow(
    expect.objectContaining({
      code: 'CONFIG_MISSING_CREDENTIALS',
      message: expect.stringContaining('LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET'),
    }),
  );
  expect(() => resolveEndpoint({ url: 'ws://host', apiKey: 'key' }, {})).toThrow(
    expect.objectContaining({ message: expect.stringMatching(/^Missing LIVEKIT_API_SECRET\./) }),
  );
});

test('a blank credential counts as missing', () => {
  const env = { LIVEKIT_URL: 'ws://host', LIVEKIT_API_KEY: ' ', LIVEKIT_API_SECRET: 's' };
  expect(() => resolveEndpoint({}, env)).toThrow(/^Missing LIVEKIT_API_KEY\./);
});

test('options take precedence over the environment, and values are trimmed', () => {
  const env = {
    LIVEKIT_URL: ' ws://from-env ',
    LIVEKIT_API_KEY: 'env-key',
    LIVEKIT_API_SECRET: 'env-secret\n',
    LIVEKIT_WORKER_TOKEN: 'env-token',
  };
  expect(resolveEndpoint({}, env)).toEqual({
    url: 'ws://from-env',
    apiKey: 'env-key',
    apiSecret: 'env-secret',
    workerToken: 'env-token',
  });
  expect(
    resolveEndpoint({ url: 'wss://mine', apiKey: 'k', apiSecret: 's', workerToken: 't' }, env),
  ).toEqual({
    url: 'wss://mine',
    apiKey: 'k',
    apiSecret: 's',
    workerToken: 't',
  });
});

test('an empty LIVEKIT_WORKER_TOKEN counts as missing', () => {
  const env = {
    LIVEKIT_URL: 'ws://h',
    LIVEKIT_API_KEY: 'k',
    LIVEKIT_API_SECRET: 's',
    LIVEKIT_WORKER_TOKEN: '',
  };
  expect(resolveEndpoint({}, env)).not.toHaveProperty('workerToken');
});

test('an invalid URL fails before anything connects, and no message contains a secret', () => {
  const options = { url: 'nowhere', apiKey: 'k', apiSecret: 'hush-hush' };
  expect(() => resolveEndpoint(options, {})).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID_URL',
      message: expect.not.stringContaining('hush'),
    }),
  );
});
