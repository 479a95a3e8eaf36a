import { expect, test, vi } from 'vitest';

import { startEmbeddedLiveKit } from '../embedded/embedded-livekit.js';
import { RunningPool } from '../embedded/pool.fixture.js';
import { startTcpProxy } from './tcp-proxy.js';

vi.setConfig({ testTimeout: 20_000 });

test('a worker whose line is cut keeps its calls and comes back; a slow line costs no call', async () => {
  await using livekit = await startEmbeddedLiveKit();
  const { hostname: host, port } = new URL(livekit.url);
  await using proxy = await startTcpProxy({ target: { host, port: Number(port) }, only: '/agent' });
  const { apiKey, apiSecret } = livekit;
  await using running = new RunningPool(livekit, {
    // The rooms are not behind the proxy.
    livekit: { url: proxy.url(), apiKey, apiSecret, allowedHosts: [host] },
  });
  await livekit.until(({ workers }) => workers.length === 1);
  const live = await livekit.call();
  expect(await live.nextReply()).toBe('Hello.');

  proxy.mode = 'cut';
  await livekit.until(({ workers }) => workers.length === 0);
  expect(await live.say('one')).toBe('You said: one');
  proxy.mode = 'pass';
  proxy.delayMs = 100;
  await livekit.until(({ workers }) => workers.length === 1);

  const next = await livekit.call();
  expect(await next.nextReply()).toBe('Hello.');
  for (const call of [live, next]) {
    call.hangUp();
    expect(await call.ended).toEqual({ status: 'success', error: '' });
  }
  expect(running.pool.runtimeSnapshot().livekit.reconnects).toBe(1);
});
