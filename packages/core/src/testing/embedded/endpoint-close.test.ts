import { RoomEvent } from '@livekit/rtc-node';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { startEmbeddedLiveKit } from './embedded-livekit.js';
import { EmbeddedRoom } from './embedded-room.js';
import { RawWorker } from './raw-worker.fixture.js';

// Alone in its file: sockets of an earlier test may still be closing when the handles are counted.
test('close() leaves no timer, socket, or server behind', async () => {
  const before = process.getActiveResourcesInfo();
  const endpoint = await startEmbeddedLiveKit();
  const worker = await RawWorker.register(endpoint);
  const stranger = await RawWorker.connect(endpoint);
  const dialing = endpoint.call();
  const { token, url = '' } = await worker.accept();
  const agent = new EmbeddedRoom();
  await agent.connect(url, token);
  const call = await dialing;
  const gone = once(agent, RoomEvent.Disconnected);
  call.dropOut();
  endpoint.terminate(call.jobId);
  const unanswered = expect(endpoint.call()).rejects.toThrow('no agent took the call');
  await endpoint.close();
  await Promise.all([unanswered, gone, worker.closed, stranger.closed]);
  await new Promise((resolve) => setImmediate(resolve));
  const left = process.getActiveResourcesInfo();
  // A timer of the test runner may have come to its end meanwhile.
  for (const name of before) if (left.includes(name)) left.splice(left.indexOf(name), 1);
  expect(left).toEqual([]);
});
