import {
  type Caller,
  type CallerProcess,
  type LiveKitServer,
  startCallers,
} from '@openrtc/test-rig';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { noServer, roomName, startServer } from './real-server.js';
import { WorkerProcess } from './worker-process.js';

describe.skipIf(noServer)(`providers that calls share${noServer ? `: ${noServer}` : ''}`, () => {
  let server: LiveKitServer;
  let callers: CallerProcess;
  let worker: WorkerProcess;

  beforeAll(async () => {
    server = await startServer();
    callers = await startCallers();
    worker = await WorkerProcess.start(server, { agents: 'sharing' });
  });
  afterAll(async () => {
    await worker?.close();
    await callers?.close();
    await server?.close();
  });

  async function join(room: string): Promise<Caller> {
    await server.createRoom(room);
    const token = await server.createToken(`caller-${room}`, room);
    const caller = await callers.join({ url: server.url, token });
    expect((await caller.nextTranscript('agent')).text).toBe('Welcome.');
    return caller;
  }

  async function answered(caller: Caller): Promise<void> {
    await caller.speak('hours');
    expect((await caller.nextTranscript('agent')).text).toBe('heard: is anybody there');
  }

  it('ends one call of six when its speech-to-text fails for good, and no other', async () => {
    const names = ['a', 'b', 'broken', 'd', 'e', 'f'];
    const six = await Promise.all(names.map((name) => join(roomName(name))));
    const jobs = await Promise.all(six.map(({ room }) => server.assignedIn(room)));
    const broken = six[2] as Caller;
    const others = six.filter((caller) => caller !== broken);
    expect((await worker.listeners()).every((count) => count >= 6)).toBe(true);

    const [ended] = await Promise.all([
      worker.ended(broken.room),
      broken.speak('hours', { awaitListener: false }),
      ...others.map(answered),
    ]);
    expect(ended.outcome).toMatchObject({
      status: 'failed',
      error: { code: 'SESSION_CLOSED_WITH_ERROR' },
    });
    expect((await server.jobEnded(jobs[2]?.jobId ?? '')).status).toBe('JS_FAILED');

    // The failure has been told to whoever would be told; the five go on.
    expect((await worker.snapshot()).activeSessions).toBe(5);
    await Promise.all(others.map(answered));
    await Promise.all(others.map((caller) => caller.hangUp()));
    for (const [at, caller] of six.entries()) {
      if (caller === broken) continue;
      expect((await server.jobEnded(jobs[at]?.jobId ?? '')).status).toBe('JS_SUCCESS');
      expect((await worker.ended(caller.room)).outcome.reason).toBe('caller_left');
    }
    expect(await worker.listeners()).toEqual([0, 0, 0, 0]);
    expect(worker.output).not.toContain('MaxListenersExceededWarning');
    await broken.hangUp();
  });
});
