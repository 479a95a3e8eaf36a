import { expect, test } from 'vitest';

import type { RuntimeSnapshot } from './runtime-snapshot.js';
import { type HealthRequest, type HealthSource, answer } from './health-routes.js';

const info = { agent_name: 'desk', worker_type: 'JT_ROOM' };

function source(given: Partial<RuntimeSnapshot> = {}): HealthSource {
  const snapshot = { ready: true, notReady: [], livekit: { state: 'registered' }, ...given };
  return {
    snapshot: () => snapshot as unknown as RuntimeSnapshot,
    info: () => info as ReturnType<HealthSource['info']>,
    metrics: async () => [
      {
        name: 'openrtc_sessions_max',
        type: 'gauge',
        help: 'Places.',
        labels: [],
        samples: [{ labels: {}, value: 50 }],
        histograms: [],
      },
    ],
  };
}

const ask = (path: string, from = source(), more: Partial<HealthRequest> = {}, token?: string) =>
  answer({ method: 'GET', path, authorization: undefined, ...more }, from, token);

const away = source({
  ready: false,
  notReady: ['disconnected'],
  livekit: { state: 'reconnecting' } as RuntimeSnapshot['livekit'],
});

test('a worker that accepts calls is live and ready', async () => {
  expect(await ask('/healthz')).toMatchObject({ status: 200, body: 'OK' });
  expect(await ask('/')).toMatchObject({ status: 200, body: 'OK' });
  const { status, body } = await ask('/readyz');
  expect([status, JSON.parse(body)]).toEqual([200, { ready: true, notReady: [] }]);
});

test('a worker without a connection to LiveKit is live and not ready, because a restart would not help', async () => {
  expect(await ask('/healthz', away)).toMatchObject({ status: 200 });
  expect(await ask('/', away)).toMatchObject({ status: 503, body: 'not connected to livekit' });
  const { status, body } = await ask('/readyz', away);
  expect([status, JSON.parse(body)]).toEqual([503, { ready: false, notReady: ['disconnected'] }]);
});

test('/worker and /metrics', async () => {
  const worker = await ask('/worker');
  expect([worker.type, JSON.parse(worker.body)]).toEqual(['application/json', info]);
  expect(await ask('/metrics')).toMatchObject({
    type: 'text/plain; version=0.0.4; charset=utf-8',
    body: expect.stringContaining('openrtc_sessions_max 50\n'),
  });
});

test.each(['/nothing', '/healthz/', '/toString', '/__proto__', ''])(
  '%s is not there',
  async (path) => {
    expect(await ask(path)).toMatchObject({ status: 404 });
  },
);

test('methods other than GET and HEAD are refused', async () => {
  expect(await ask('/healthz', source(), { method: 'POST' })).toMatchObject({
    status: 405,
    headers: { Allow: 'GET, HEAD' },
  });
  expect(await ask('/healthz', source(), { method: 'HEAD' })).toMatchObject({ status: 200 });
});

test('with a token, the probes stay open and the other routes require it', async () => {
  for (const path of ['/', '/healthz', '/readyz'])
    expect(await ask(path, source(), {}, 'let-me-in')).toMatchObject({ status: 200 });
  for (const path of ['/worker', '/metrics']) {
    for (const authorization of [undefined, 'let-me-in', 'Bearer let-me-i', 'Bearer '])
      expect(await ask(path, source(), { authorization }, 'let-me-in')).toMatchObject({
        status: 401,
      });
    const good = { authorization: 'Bearer let-me-in' };
    expect(await ask(path, source(), good, 'let-me-in')).toMatchObject({ status: 200 });
  }
});
