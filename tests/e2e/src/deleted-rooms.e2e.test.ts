import { readFile, readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';

import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';

// Of `AudioSourceCapture`, one for each track an agent speaks with: Linux keeps 15 letters of a name.
const VOICE_THREAD = 'AudioSourceCapt';
const DEADLINE = { timeout: 30_000 };

async function voices(pid: number): Promise<number> {
  const names = await Promise.all(
    (await readdir(`/proc/${pid}/task`)).map((thread) =>
      readFile(`/proc/${pid}/task/${thread}/comm`, 'utf8').catch((error: NodeJS.ErrnoException) => {
        // A thread that ended meanwhile.
        if (error.code === 'ENOENT' || error.code === 'ESRCH') return '';
        throw error;
      }),
    ),
  );
  return names.filter((name) => name.trim() === VOICE_THREAD).length;
}

/*
 * The native library keeps a track that is published when the server ends the room, and its thread with
 * it. `cloned`: calls run in the process of the worker, whatever the isolation of the other tests.
 */
describeRealCalls('calls whose agent deletes the room', (real) => {
  const notLinux = process.platform === 'linux' ? '' : ': threads are counted in /proc, of Linux';
  it.skipIf(notLinux !== '')(`leave no thread behind${notLinux}`, async () => {
    const worker = await real.startWorker({ agents: 'monologue', cloned: true });
    const call = async () => {
      const room = roomName('deleted');
      const metadata = { agent: 'monologue', talkMs: 3_000, deletesRoom: true };
      const caller = await real.join(room, { metadata, microphone: false });
      await caller.waitForAudio({ fromJoin: true, minMs: 500 });
      return { room, caller };
    };
    const calls = await Promise.all([call(), call()]);
    expect(await voices(worker.pid)).toBe(2);
    for (const { room, caller } of calls) {
      await caller.waitForEnd();
      const { outcome, info } = await worker.ended(room);
      expect(outcome).toMatchObject({ status: 'success', reason: 'room_closed' });
      expect((await real.server.jobEnded(info.jobId)).status).toBe('JS_SUCCESS');
    }
    await expect.poll(() => voices(worker.pid), DEADLINE).toBe(0);
  });
});
