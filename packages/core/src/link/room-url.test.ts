import { expect, test } from 'vitest';

import { roomUrl } from './room-url.js';

const cloud = { url: 'wss://acme.livekit.cloud' };

test('a worker of LiveKit Cloud follows it to another of its hosts, and to no other', () => {
  const region = 'wss://acme.fra.production.livekit.cloud';
  expect(roomUrl(region, cloud)).toBe(region);
  for (const foreign of [
    'wss://livekit.cloud.evil.example',
    'wss://evillivekit.cloud',
    'ws://acme.livekit.cloud',
  ])
    expect(() => roomUrl(foreign, cloud)).toThrow('LiveKit sent a call');
});

test('a worker elsewhere is not sent to LiveKit Cloud', () => {
  expect(() => roomUrl('wss://acme.livekit.cloud', { url: 'wss://calls.example' })).toThrow(
    'allowedHosts',
  );
});
