import { type CallerProcess, type LiveKitServer, startCallers } from '@openrtc/test-rig';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { noServer, roomName, startServer } from './real-server.js';
import { WorkerProcess } from './worker-process.js';

/*
 * The seam, whole: offer, real call, final status recorded by the server, agent gone. Once in the
 * worker's own process, once through a strategy that shares no object with the pool.
 */
describe.skipIf(noServer)(`a real call${noServer ? `: ${noServer}` : ''}`, () => {
  let server: LiveKitServer;
  let callers: CallerProcess;
  let worker: WorkerProcess | undefined;

  beforeAll(async () => {
    server = await startServer();
    callers = await startCallers();
  });
  afterEach(async () => {
    await worker?.close();
  });
  afterAll(async () => {
    await callers?.close();
    await server?.close();
  });

  it.each(['coroutine', 'cloning'] as const)(
    'is answered, recorded and left through %s()',
    async (isolation) => {
      worker = await WorkerProcess.start(server, { isolation });
      const room = roomName('support');
      const caller = await callers.join({
        url: server.url,
        token: await server.createToken('caller', room),
      });
      const agent = await caller.waitForAgent();
      const { jobId } = await server.assignedIn(room);
      expect(agent).toBe(`agent-${jobId}`);

      expect((await caller.nextTranscript('agent')).text).toBe('Welcome to support.');
      await caller.waitForAudio({ fromJoin: true, minMs: 300 });
      await caller.speak('support');
      expect((await caller.nextTranscript('agent')).text).toBe(
        'support heard: My internet is not working, can you help?',
      );
      const reply = await caller.audio();
      expect(reply.segments.every((segment) => segment.dominantHz === 660)).toBe(true);

      await caller.hangUp();
      expect(await server.jobEnded(jobId)).toEqual({ jobId, status: 'JS_SUCCESS', error: '' });
      const { outcome, info } = await worker.ended(room);
      expect(outcome).toMatchObject({ status: 'success', reason: 'caller_left' });
      expect(info).toMatchObject({ agent: 'support', tenant: 'default', jobId });
      expect(await server.listParticipants(room)).toEqual([]);
      expect(await worker.snapshot()).toMatchObject({
        activeSessions: 0,
        reservedSessions: 0,
        totalSessionsStarted: 1,
        totalSessionFailures: 0,
      });

      worker.kill('SIGTERM');
      expect(await worker.exited).toEqual({ code: 0, signal: null });
    },
  );
});
