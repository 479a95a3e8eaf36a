import type { SessionInfo } from '@openrtc/core';
import { expect, it } from 'vitest';

import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';
import type { WorkerMessage, WorkerProcess } from './worker-process.js';

describeRealCalls('jobs for participants', (real) => {
  const join = (identity: string, room: string, microphone = false) =>
    real.join(room, { identity, microphone });

  async function started(worker: WorkerProcess, count: number): Promise<SessionInfo[]> {
    const infos = () =>
      worker.messages.all.flatMap((message) => (message.type === 'started' ? [message.info] : []));
    await worker.messages.waitFor(() => infos().length >= count, { what: `${count} calls` });
    return infos();
  }

  it('gives each participant of a room an agent that listens to nobody else', async () => {
    const { server } = real;
    const worker = await real.startWorker({
      agents: 'text',
      pool: { jobTypes: ['participant'] },
    });
    const room = roomName('text');
    const ada = await join('ada', room);
    await started(worker, 1);
    const bob = await join('bob', room);
    const infos = await started(worker, 2);
    expect(infos.map(({ participant }) => participant?.identity)).toEqual(['ada', 'bob']);
    // What an agent writes the whole room can read: who answers twice is heard twice.
    const said = () => ada.transcripts.map(({ text }) => text);
    for (const [caller, text] of [
      [ada, 'one'],
      [bob, 'two'],
      [ada, 'three'],
    ] as const) {
      await caller.sendText(text);
      while (!said().includes(`text heard: ${text}`)) await ada.nextTranscript('agent');
    }
    expect(said().filter((text) => text.startsWith('text heard'))).toEqual([
      'text heard: one',
      'text heard: two',
      'text heard: three',
    ]);
    await bob.hangUp();
    const bobs = infos.find(({ participant }) => participant?.identity === 'bob');
    expect((await server.jobEnded(bobs?.jobId ?? '')).status).toBe('JS_SUCCESS');
    const ofBob = (message: WorkerMessage) =>
      message.type === 'ended' && message.info.jobId === bobs?.jobId;
    await worker.messages.waitFor(ofBob, { what: "the end of bob's call" });
    expect(await worker.snapshot()).toMatchObject({ activeSessions: 1 });
    await ada.hangUp();
  });

  it('takes jobs of all three types, several in one room, as one capacity', async () => {
    const { server } = real;
    const worker = await real.startWorker({
      agents: 'text',
      pool: { jobTypes: ['room', 'publisher', 'participant'] },
    });
    const caller = await join('ada', roomName('text'), true);
    const infos = await started(worker, 3);
    const whom = infos.map(({ participant }) => participant?.identity ?? 'the room');
    expect(whom.toSorted()).toEqual(['ada', 'ada', 'the room']);
    const { activeSessions, livekit } = await worker.snapshot();
    expect(activeSessions).toBe(3);
    expect(livekit.registrations.map(({ jobType }) => jobType)).toEqual([
      'room',
      'publisher',
      'participant',
    ]);
    await caller.hangUp();
    for (const { jobId } of infos) expect((await server.jobEnded(jobId)).status).toBe('JS_SUCCESS');
  });
});
