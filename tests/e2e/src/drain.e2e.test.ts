import { type CallerProcess, type LiveKitServer, startCallers } from '@openrtc/test-rig';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { noServer, roomName, startServer } from './real-server.js';
import { WorkerProcess } from './worker-process.js';

// A gap a listener would notice.
const GAP_MS = 200;

describe.skipIf(noServer)(`a deploy during calls${noServer ? `: ${noServer}` : ''}`, () => {
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

  async function start(agents: 'monologue' | 'text'): Promise<WorkerProcess> {
    const worker = await WorkerProcess.start(server, { agents });
    workers.push(worker);
    return worker;
  }

  it('leaves each call its audio to its end, sends new ones elsewhere, and exits 0', async () => {
    const old = await start('monologue');
    const calls = await Promise.all(
      [6_000, 9_000, 12_000].map(async (talkMs) => {
        const room = roomName('monologue');
        await server.createRoom(room, JSON.stringify({ talkMs }));
        const caller = await callers.join({
          url: server.url,
          token: await server.createToken('caller', room),
          microphone: false,
        });
        await caller.waitForAudio({ fromJoin: true, minMs: 500 });
        await caller.startGapWatch();
        const { jobId } = await server.assignedIn(room);
        return { talkMs, room, caller, jobId };
      }),
    );
    const next = await start('text');
    old.kill('SIGTERM');

    const room = roomName('text');
    const late = await callers.join({
      url: server.url,
      token: await server.createToken('caller', room),
      microphone: false,
    });
    expect((await late.nextTranscript('agent')).text).toBe('Welcome to text.');

    const ends: string[] = [];
    await Promise.all(
      calls.map(async ({ talkMs, room: name, caller, jobId }) => {
        // The watch has to stop while the agent still talks: a second before its end.
        await caller.waitForAudio({ fromJoin: true, minMs: talkMs - 1_500 });
        const watched = await caller.stopGapWatch();
        expect(watched.longestGapMs).toBeLessThan(GAP_MS);
        const { outcome } = await old.ended(name);
        ends.push(name);
        expect(outcome).toMatchObject({ status: 'success', reason: 'agent_shutdown' });
        expect((await server.jobEnded(jobId)).status).toBe('JS_SUCCESS');
        expect((await caller.audio()).heardMs).toBeGreaterThan(talkMs * 0.95);
      }),
    );
    expect(ends).toEqual(calls.map((call) => call.room));
    expect(await old.exited).toEqual({ code: 0, signal: null });
    expect(await next.snapshot()).toMatchObject({ activeSessions: 1 });
  });
});
