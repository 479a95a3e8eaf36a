import { DisconnectReason, RoomEvent } from '@livekit/rtc-node';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startEmbeddedLiveKit } from './embedded-livekit.js';
import { EmbeddedRoom } from './embedded-room.js';
import { RawWorker } from './raw-worker.fixture.js';

test('a room closes some time after its last caller, with the agent in it', async () => {
  await using endpoint = await startEmbeddedLiveKit({ departureTimeoutMs: 10 });
  const worker = await RawWorker.register(endpoint);
  const dialing = endpoint.call();
  const { token, url = '' } = await worker.accept();
  const agent = new EmbeddedRoom();
  await agent.connect(url, token);
  const ended = once(agent, RoomEvent.Disconnected);
  (await dialing).hangUp();
  expect(await ended).toEqual([DisconnectReason.ROOM_CLOSED]);
  await endpoint.until(({ rooms }) => rooms.length === 0);
});

test('an agent whose connection breaks stays visible for a while', async () => {
  await using endpoint = await startEmbeddedLiveKit({ participantTimeoutMs: 10 });
  const worker = await RawWorker.register(endpoint);
  const dialing = endpoint.call();
  const { token, url = '' } = await worker.accept();
  const socket = new WebSocket(`${url.replace('embedded:', 'ws:')}/room`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const [call] = await Promise.all([dialing, once(socket, 'open')]);
  socket.terminate();
  expect(endpoint.rooms[0]?.identities).toContain(call.agentIdentity);
  expect(await call.ended).toEqual({ status: 'failed', error: 'agent worker left the room' });
});
