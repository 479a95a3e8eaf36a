import { type EmbeddedCall, startEmbeddedLiveKit } from '@openrtc/core/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { RealCalls } from './real-calls.js';
import { noServer, roomName } from './real-server.js';
import { type LiveKitAddress, WorkerProcess, type WorkerSetup } from './worker-process.js';

/** A caller who types, on either endpoint. */
interface TextCaller {
  nextReply(): Promise<string>;
  say(text: string): Promise<string>;
  hangUp(): Promise<void>;
  /** The final status of the job, as recorded by the server. */
  ended(): Promise<'success' | 'failed'>;
}

/** What is the same on a real server and on the embedded endpoint. */
interface Endpoint extends LiveKitAddress {
  call(room: string, metadata?: string): Promise<TextCaller>;
  /** Calls, whether anybody answers or not. */
  ring(room: string, metadata?: string): Promise<void>;
  deleteRoom(room: string): Promise<void>;
  close(): Promise<void>;
}

async function embedded(): Promise<Endpoint> {
  const livekit = await startEmbeddedLiveKit();
  return {
    url: livekit.url,
    apiKey: livekit.apiKey,
    apiSecret: livekit.apiSecret,
    call: async (room, metadata = '') => embeddedCaller(await livekit.call({ room, metadata })),
    ring: async (room, metadata = '') => {
      livekit.dispatch({ room, metadata });
    },
    deleteRoom: async (room) => {
      livekit.deleteRoom(room);
    },
    close: () => livekit.close(),
  };
}

function embeddedCaller(call: EmbeddedCall): TextCaller {
  return {
    nextReply: () => call.nextReply(),
    say: (text) => call.say(text),
    hangUp: async () => {
      call.hangUp();
    },
    ended: async () => (await call.ended).status,
  };
}

async function real(): Promise<Endpoint> {
  const calls = new RealCalls();
  await calls.open();
  const { server } = calls;
  const join = (room: string, metadata: string) =>
    calls.join(room, { metadata, microphone: false });
  return {
    url: server.url,
    apiKey: server.apiKey,
    apiSecret: server.apiSecret,
    call: async (room, metadata = '') => {
      const caller = await join(room, metadata);
      const { jobId } = await server.assignedIn(room);
      const nextReply = async () => (await caller.nextTranscript('agent')).text;
      return {
        nextReply,
        say: async (text) => {
          await caller.sendText(text);
          return nextReply();
        },
        hangUp: () => caller.hangUp(),
        ended: async () =>
          (await server.jobEnded(jobId)).status === 'JS_SUCCESS' ? 'success' : 'failed',
      };
    },
    ring: async (room, metadata = '') => {
      await join(room, metadata);
    },
    deleteRoom: (room) => server.deleteRoom(room),
    close: () => calls.close(),
  };
}

const endpoints = [
  { name: 'the embedded endpoint', open: embedded, skip: undefined },
  { name: `a real server${noServer ? `: ${noServer}` : ''}`, open: real, skip: noServer },
];

for (const { name, open, skip } of endpoints) {
  describe.skipIf(skip)(`a text call on ${name}`, () => {
    let endpoint: Endpoint;
    const workers: WorkerProcess[] = [];

    beforeAll(async () => {
      endpoint = await open();
    });
    afterEach(async () => {
      for (const worker of workers.splice(0)) await worker.close();
    });
    afterAll(async () => {
      await endpoint?.close();
    });

    async function start(setup: WorkerSetup = {}): Promise<WorkerProcess> {
      const worker = await WorkerProcess.start(endpoint, { agents: 'text', ...setup });
      workers.push(worker);
      return worker;
    }

    it('is greeted, answered, and recorded as a success when the caller hangs up', async () => {
      const running = await start();
      const room = roomName('text');
      const call = await endpoint.call(room);
      expect(await call.nextReply()).toBe('Welcome to text.');
      expect(await call.say('one')).toBe('text heard: one');
      expect(await call.say('two')).toBe('text heard: two');
      await call.hangUp();
      expect(await call.ended()).toBe('success');
      expect((await running.ended(room)).outcome).toMatchObject({
        status: 'success',
        reason: 'caller_left',
      });
    });

    it('carries the tenant and the metadata of its room', async () => {
      const running = await start();
      const room = roomName('any');
      const call = await endpoint.call(room, '{"agent":"text","tenant":" acme ","table":4}');
      expect(await call.nextReply()).toBe('Welcome to text.');
      const { info } = await running.started(room);
      expect(info).toMatchObject({ agent: 'text', tenant: 'acme', metadata: { table: 4 } });
      await call.hangUp();
    });

    it('ends when its room is deleted', async () => {
      const running = await start();
      const room = roomName('text');
      const call = await endpoint.call(room);
      expect(await call.nextReply()).toBe('Welcome to text.');
      await endpoint.deleteRoom(room);
      const { outcome } = await running.ended(room);
      expect(outcome.status).toBe('success');
      expect(['room_closed', 'terminated', 'caller_left']).toContain(outcome.reason);
      expect(await running.snapshot()).toMatchObject({ activeSessions: 0, reservedSessions: 0 });
    });

    it('is not answered when its agent is unknown, and the next call is', async () => {
      const running = await start();
      await endpoint.ring(roomName('text'), '{"agent":"nobody"}');
      await vi.waitFor(
        async () => expect((await running.snapshot()).refused).toEqual({ unknown_agent: 1 }),
        { timeout: 30_000 },
      );
      const call = await endpoint.call(roomName('text'));
      expect(await call.nextReply()).toBe('Welcome to text.');
      expect(await running.snapshot()).toMatchObject({
        activeSessions: 1,
        totalSessionsStarted: 1,
        totalSessionFailures: 0,
      });
    });

    it('goes to another worker when one is full', async () => {
      const full = await start({ pool: { maxConcurrentSessions: 1 } });
      const call = await endpoint.call(roomName('text'));
      expect(await call.nextReply()).toBe('Welcome to text.');
      const other = await start();
      const room = roomName('text');
      await endpoint.call(room);
      expect((await other.started(room)).info.agent).toBe('text');
      expect(await full.snapshot()).toMatchObject({ activeSessions: 1, totalSessionsStarted: 1 });
      await call.hangUp();
      expect(await call.ended()).toBe('success');
    });

    it('goes on to its end when the worker is told to stop', async () => {
      const running = await start();
      const call = await endpoint.call(roomName('text'));
      expect(await call.nextReply()).toBe('Welcome to text.');
      running.kill('SIGTERM');
      expect(await call.say('still there?')).toBe('text heard: still there?');
      await call.hangUp();
      expect(await call.ended()).toBe('success');
      expect(await running.exited).toEqual({ code: 0, signal: null });
    });
  });
}
