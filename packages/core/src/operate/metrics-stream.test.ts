import { expect, test } from 'vitest';

import { MetricsStream } from './metrics-stream.js';

const started = (jobId: string) =>
  ({ event: 'session_started', jobId, agent: 'sales', tenant: 'acme', room: 'lobby' }) as const;

test('each event is returned once, in order', () => {
  const stream = new MetricsStream();
  stream.push(started('AJ_1'));
  stream.push({ ...started('AJ_1'), event: 'session_finished', status: 'success' });
  expect(stream.drain()).toMatchObject([
    { event: 'session_started', jobId: 'AJ_1', timestamp: expect.any(Number) },
    { event: 'session_finished', status: 'success' },
  ]);
  expect(stream.drain()).toEqual([]);
});

test('if events are not taken, new ones are dropped, and the last event says how many', () => {
  const stream = new MetricsStream();
  for (let at = 0; at < 260; at += 1) stream.push(started(`AJ_${at}`));
  const events = stream.drain();
  expect(events).toHaveLength(257);
  expect(events[255]).toMatchObject({ jobId: 'AJ_255' });
  expect(events[256]).toMatchObject({
    event: 'metrics_stream_overflow',
    agent: '__openrtc__',
    overflowDropped: 4,
  });
  expect(stream.dropped).toBe(4);
  stream.push(started('AJ_later'));
  expect(stream.drain()).toMatchObject([{ jobId: 'AJ_later' }]);
});

test('a long error is truncated', () => {
  const stream = new MetricsStream();
  stream.push({ ...started('AJ_1'), event: 'session_failed', error: 'x'.repeat(5_000) });
  expect(stream.drain()[0]).toMatchObject({ error: 'x'.repeat(500) });
});

test('whoever watches is told of each event when it can be taken', () => {
  const stream = new MetricsStream();
  const taken: unknown[] = [];
  stream.watch(() => taken.push(...stream.drain()));
  stream.push(started('AJ_1'));
  stream.push(started('AJ_2'));
  expect(taken).toMatchObject([{ jobId: 'AJ_1' }, { jobId: 'AJ_2' }]);
});
