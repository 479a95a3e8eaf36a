import { ConnectError, DisconnectReason, RoomEvent } from '@livekit/rtc-node';
import { AccessToken, RoomServiceClient } from 'livekit-server-sdk';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withoutListeners } from '../../worker/process-listeners.fixture.js';
import { type EmbeddedLiveKit, startEmbeddedLiveKit } from './embedded-livekit.js';
import { EmbeddedRoom, isEmbeddedUrl } from './embedded-room.js';
import { RawWorker } from './raw-worker.fixture.js';

let endpoint: EmbeddedLiveKit;
const rooms: EmbeddedRoom[] = [];

beforeEach(async () => {
  endpoint = await startEmbeddedLiveKit();
});

afterEach(async () => {
  await Promise.all(rooms.splice(0).map((room) => room.disconnect()));
  await endpoint.close();
});

async function join(identity: string, room = 'r', attributes: Record<string, string> = {}) {
  const token = new AccessToken(endpoint.apiKey, endpoint.apiSecret, { identity, attributes });
  token.addGrant({ roomJoin: true, room });
  const joined = new EmbeddedRoom();
  rooms.push(joined);
  await joined.connect(endpoint.url.replace('ws:', 'embedded:'), await token.toJwt());
  return joined;
}

function boom(message: string): never {
  throw new Error(message);
}

const local = (room: EmbeddedRoom) => {
  if (room.localParticipant === undefined) {
    throw new Error('not joined');
  }
  return room.localParticipant;
};

test('participants see each other come, change, and go', async () => {
  const alice = await join('alice', 'r', { role: 'agent' });
  const [[bob]] = await Promise.all([once(alice, RoomEvent.ParticipantConnected), join('bob')]);
  expect(bob).toMatchObject({ identity: 'bob', attributes: {}, kind: 0 });
  const bobsRoom = rooms[1] as EmbeddedRoom;
  expect(bobsRoom.remoteParticipants.get('alice')?.attributes).toEqual({ role: 'agent' });
  expect(await bobsRoom.getSid()).toBe(await alice.getSid());

  const changed = once(bobsRoom, RoomEvent.ParticipantAttributesChanged);
  await local(alice).setAttributes({ role: '', mood: 'good' });
  expect((await changed)[0]).toEqual({ role: '', mood: 'good' });
  expect(bobsRoom.remoteParticipants.get('alice')?.attributes).toEqual({ mood: 'good' });
  expect(local(alice).attributes).toEqual({ mood: 'good' });

  const left = once(alice, RoomEvent.ParticipantDisconnected);
  await bobsRoom.disconnect();
  expect((await left)[0]).toMatchObject({
    identity: 'bob',
    disconnectReason: DisconnectReason.CLIENT_INITIATED,
  });
  expect(alice.remoteParticipants.size).toBe(0);
});

test('text and byte streams arrive with their attributes, for those they are meant for', async () => {
  const [alice, bob, carol] = [await join('alice'), await join('bob'), await join('carol')];
  const overheard: string[] = [];
  carol.registerTextStreamHandler('t', (reader) => overheard.push(reader.info.streamId));
  const text = new Promise((resolve) =>
    bob.registerTextStreamHandler('t', (reader, from) => resolve({ reader, from })),
  );
  const bytes = new Promise<Uint8Array[]>((resolve) =>
    bob.registerByteStreamHandler('b', (reader) => resolve(reader.readAll())),
  );
  expect(() => bob.registerTextStreamHandler('t', () => undefined)).toThrow('already been set');

  const writer = await local(alice).streamText({
    topic: 't',
    attributes: { a: '1' },
    destinationIdentities: ['bob'],
    senderIdentity: 'somebody',
  });
  await writer.write('grüße ');
  await writer.write('🙂');
  await writer.close();
  const blob = await local(alice).streamBytes({ topic: 'b', name: 'n' });
  await blob.write(new Uint8Array([0, 255, 7]));
  await blob.close();

  expect(await bytes).toEqual([new Uint8Array([0, 255, 7])]);
  expect(await text).toMatchObject({
    from: { identity: 'somebody' },
    reader: { info: { topic: 't', attributes: { a: '1' }, mimeType: 'text/plain' } },
  });
  const { reader } = (await text) as { reader: AsyncIterable<string> };
  const chunks: string[] = [];
  for await (const chunk of reader) {
    chunks.push(chunk);
  }
  expect(chunks).toEqual(['grüße ', '🙂']);
  expect(overheard).toEqual([]);
});

test('data packets arrive with their topic', async () => {
  const [alice, bob] = [await join('alice'), await join('bob')];
  const received = once(bob, RoomEvent.DataReceived);
  await local(alice).publishData(new Uint8Array([1, 2]), { reliable: true, topic: 'd' });
  const [payload, sender, , topic] = await received;
  expect([payload, sender.identity, topic]).toEqual([new Uint8Array([1, 2]), 'alice', 'd']);
});

test('listeners and stream handlers run in the async context that joined', async () => {
  const context = new AsyncLocalStorage<string>();
  const alice = await context.run('the call of alice', () => join('alice'));
  const joined = new Promise((resolve) =>
    alice.once(RoomEvent.ParticipantConnected, () => resolve(context.getStore())),
  );
  const heard = new Promise((resolve) =>
    alice.registerTextStreamHandler('t', () => resolve(context.getStore())),
  );
  const bob = await join('bob');
  await local(bob).sendText('hi', { topic: 't' });
  expect(await Promise.all([joined, heard])).toEqual(['the call of alice', 'the call of alice']);
});

test('a listener or handler that throws is a rejection nobody handles, and the room goes on', async () => {
  const restore = withoutListeners();
  try {
    const alice = await join('alice');
    const uncaught = async <T>(accident: () => Promise<T>) => {
      const rejected = once(process, 'unhandledRejection');
      const done = await accident();
      return { done, message: ((await rejected)[0] as Error).message };
    };
    alice.once(RoomEvent.ParticipantConnected, () => boom('of a listener'));
    alice.registerTextStreamHandler('t', () => boom('of a handler'));
    const { done: bob, message } = await uncaught(() => join('bob'));
    expect(message).toBe('of a listener');
    expect(await uncaught(() => local(bob).sendText('hi', { topic: 't' }))).toMatchObject({
      message: 'of a handler',
    });
    const received = once(alice, RoomEvent.DataReceived);
    await local(bob).publishData(new Uint8Array([1]), { reliable: true });
    expect((await received)[0]).toEqual(new Uint8Array([1]));
    alice.on(RoomEvent.Disconnected, () => boom('of the last listener'));
    expect(await uncaught(() => alice.disconnect())).toMatchObject({
      message: 'of the last listener',
    });
    await endpoint.until((now) => !now.rooms[0]?.identities.includes('alice'));
  } finally {
    restore();
  }
});

test('disconnect() says so once and removes the listeners', async () => {
  const alice = await join('alice');
  const reasons: DisconnectReason[] = [];
  alice.on(RoomEvent.Disconnected, (reason: DisconnectReason) => reasons.push(reason));
  await alice.disconnect();
  await alice.disconnect();
  expect(reasons).toEqual([DisconnectReason.CLIENT_INITIATED]);
  expect(alice.listenerCount(RoomEvent.Disconnected)).toBe(0);
  expect([alice.isConnected, await alice.getSid()]).toEqual([false, '']);
  await expect(local(alice).sendText('x')).rejects.toThrow('not connected');
});

test('a deleted room ends with ROOM_DELETED, and its token makes a new one', async () => {
  const alice = await join('alice');
  const sid = await alice.getSid();
  const ended = once(alice, RoomEvent.Disconnected);
  endpoint.deleteRoom('r');
  expect(await ended).toEqual([DisconnectReason.ROOM_DELETED]);
  expect(await (await join('alice')).getSid()).not.toBe(sid);
});

test('a second participant of the same identity puts the first one out', async () => {
  const first = await join('alice');
  const [ended] = await Promise.all([once(first, RoomEvent.Disconnected), join('alice')]);
  expect(ended).toEqual([DisconnectReason.DUPLICATE_IDENTITY]);
});

test('who has no valid token, or no identity, cannot join', async () => {
  const room = new EmbeddedRoom();
  await expect(room.connect(endpoint.url, 'nonsense')).rejects.toThrow('401');
  await expect(room.connect(endpoint.url, 'nonsense')).rejects.toBeInstanceOf(ConnectError);
  const worker = await RawWorker.register(endpoint);
  endpoint.dispatch();
  await worker.answer({ available: true, participantIdentity: '' });
  const { token, url = '' } = await worker.next('assignment');
  expect(isEmbeddedUrl(url)).toBe(true);
  await expect(room.connect(url, token)).rejects.toThrow('400');
});

test('disconnect() gives up a connect() under way', async () => {
  const room = new EmbeddedRoom();
  const connecting = expect(room.connect(endpoint.url, 'any')).rejects.toBeInstanceOf(ConnectError);
  await room.disconnect();
  await connecting;
});

test('audio is refused in words', async () => {
  await expect(local(await join('alice')).publishTrack()).rejects.toThrow('carries text only');
});

test('an agent that leaves without a final status has failed its job', async () => {
  const worker = await RawWorker.register(endpoint);
  const dialing = endpoint.call();
  const { token, url = '', job } = await worker.accept();
  const agent = new EmbeddedRoom();
  await agent.connect(url, token);
  const call = await dialing;
  expect(agent.remoteParticipants.size).toBe(1);
  await agent.disconnect();
  expect(await call.ended).toEqual({ status: 'failed', error: 'agent worker left the room' });
  expect(await worker.next('termination')).toMatchObject({ jobId: job?.id });
  await expect(call.nextReply()).rejects.toThrow('the agent left');
});

test('a final status written just before leaving counts', async () => {
  const worker = await RawWorker.register(endpoint);
  const dialing = endpoint.call();
  const { token, url = '', job } = await worker.accept();
  const agent = new EmbeddedRoom();
  await agent.connect(url, token);
  const call = await dialing;
  worker.finish(job?.id ?? '');
  await agent.disconnect();
  expect(await call.ended).toEqual({ status: 'success', error: '' });
});

test('a room deleted before its agent joined: no termination, and joining late begins a second job', async () => {
  const worker = await RawWorker.register(endpoint);
  const jobId = endpoint.dispatch({ room: 'gone' });
  const { token, url = '' } = await worker.accept();
  endpoint.deleteRoom('gone');
  const agent = new EmbeddedRoom();
  rooms.push(agent);
  await agent.connect(url, token);
  const second = await worker.next('availability');
  expect(second.job?.id).not.toBe(jobId);
  expect(second.job?.room?.sid).toBe(await agent.getSid());
  expect(endpoint.jobs[0]?.status).toBe('running');
});

test('the room service removes a participant and deletes a room', async () => {
  const service = new RoomServiceClient(endpoint.url, endpoint.apiKey, endpoint.apiSecret);
  const [alice, bob] = [await join('alice'), await join('bob')];
  const removed = once(alice, RoomEvent.Disconnected);
  await service.removeParticipant('r', 'alice');
  expect(await removed).toEqual([DisconnectReason.PARTICIPANT_REMOVED]);
  expect((await service.listParticipants('r')).map(({ identity }) => identity)).toEqual(['bob']);
  await expect(service.removeParticipant('r', 'alice')).rejects.toMatchObject({
    code: 'not_found',
  });
  const deleted = once(bob, RoomEvent.Disconnected);
  await service.deleteRoom('r');
  expect(await deleted).toEqual([DisconnectReason.ROOM_DELETED]);
});

test('a caller that drops out leaves with a reason a session survives', async () => {
  const worker = await RawWorker.register(endpoint);
  const dialing = endpoint.call({ identity: 'kim', attributes: { lang: 'de' } });
  const { token, url = '' } = await worker.accept();
  const agent = new EmbeddedRoom();
  rooms.push(agent);
  await agent.connect(url, token);
  const call = await dialing;
  expect(agent.remoteParticipants.get('kim')?.attributes).toEqual({ lang: 'de' });
  const left = once(agent, RoomEvent.ParticipantDisconnected);
  call.dropOut();
  expect((await left)[0]).toMatchObject({ disconnectReason: DisconnectReason.SIGNAL_CLOSE });
  await expect(call.say('hello')).rejects.toThrow('the caller has left');
});
