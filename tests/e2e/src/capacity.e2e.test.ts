import {
  type Caller,
  type CallerProcess,
  type LiveKitServer,
  startCallers,
} from '@openrtc/test-rig';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { noServer, roomName, startServer } from './real-server.js';
import { WorkerProcess } from './worker-process.js';

/*
 * The server's default target_load of 0.7 would leave a worker that reports active/max at 35 of 50.
 * The agents have no audio, so that fifty calls fit a small machine.
 */
describe.skipIf(noServer)(`a worker at its cap${noServer ? `: ${noServer}` : ''}`, () => {
  let server: LiveKitServer;
  let callers: CallerProcess;
  const workers: WorkerProcess[] = [];

  beforeAll(async () => {
    server = await startServer();
    callers = await startCallers();
  });
  afterAll(async () => {
    for (const worker of workers) await worker.close();
    await callers?.close();
    await server?.close();
  });

  async function call(): Promise<{ caller: Caller; workerId: string }> {
    const room = roomName('text');
    const caller = await callers.join({
      url: server.url,
      token: await server.createToken('caller', room),
      microphone: false,
    });
    expect((await caller.nextTranscript('agent', { timeoutMs: 60_000 })).text).toBe(
      'Welcome to text.',
    );
    const { workerId } = await server.assignedIn(room);
    return { caller, workerId };
  }

  it(
    'takes fifty calls by default, and the 51st goes to another worker',
    { timeout: 480_000 },
    async () => {
      const first = await WorkerProcess.start(server, { agents: 'text' });
      workers.push(first);
      const calls = [];
      for (let count = 0; count < 50; count += 1) calls.push(await call());
      const [firstId] = new Set(calls.map(({ workerId }) => workerId));
      expect(new Set(calls.map(({ workerId }) => workerId)).size).toBe(1);
      expect(await first.snapshot()).toMatchObject({
        activeSessions: 50,
        maxConcurrentSessions: 50,
        refused: {},
      });

      workers.push(await WorkerProcess.start(server, { agents: 'text' }));
      const { workerId } = await call();
      expect(workerId).not.toBe(firstId);

      // All of them are calls one can talk to, not only jobs that were assigned.
      for (const { caller } of [calls[0], calls[25], calls[49]].filter(
        (each) => each !== undefined,
      )) {
        await caller.sendText('still there?');
        expect((await caller.nextTranscript('agent')).text).toBe('text heard: still there?');
      }
      const [one] = calls;
      await one?.caller.hangUp();
      await first.ended(one?.caller.room ?? '');
      expect(await first.snapshot()).toMatchObject({ activeSessions: 49 });
    },
  );
});
