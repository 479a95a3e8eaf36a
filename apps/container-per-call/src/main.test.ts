import { type EmbeddedLiveKit, startEmbeddedLiveKit } from '@openrtc/core/testing';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';

import { FakeDocker } from './fake-docker.fixture.js';

// As in the conformance test, a stand-in for docker starts plain processes in place of containers.

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));

async function startWorker(livekit: EmbeddedLiveKit, fake: FakeDocker) {
  const worker = spawn(process.execPath, [program], {
    stdio: 'ignore',
    env: {
      ...fake.env,
      LISTEN_ON: '127.0.0.1',
      LIVEKIT_URL: livekit.url,
      LIVEKIT_API_KEY: livekit.apiKey,
      LIVEKIT_API_SECRET: livekit.apiSecret,
    },
  });
  const exited = once(worker, 'exit');
  await livekit.until(({ workers }) => workers.length > 0, 30_000);
  return {
    kill: (signal: NodeJS.Signals) => worker.kill(signal),
    exited,
    async [Symbol.asyncDispose]() {
      worker.kill('SIGKILL');
      await exited;
    },
  };
}

/** A call; its container may have to be started first. */
const dial = (livekit: EmbeddedLiveKit) => livekit.call({ joinTimeoutMs: 30_000 });

it('takes calls, each in its own container, and leaves none of them behind', async () => {
  await using livekit = await startEmbeddedLiveKit();
  using fake = new FakeDocker();
  await using worker = await startWorker(livekit, fake);
  const calls = await Promise.all([dial(livekit), dial(livekit)]);
  for (const call of calls) {
    expect(await call.nextReply()).toBe('Hotel Zur Post, good evening.');
    expect(await call.say('A room, please')).toBe('You said: A room, please');
  }
  // One that waits for the next call, besides theirs.
  expect(fake.names).toHaveLength(3);
  for (const call of calls) call.hangUp();
  expect(await Promise.all(calls.map(({ ended }) => ended))).toEqual(
    calls.map(() => ({ status: 'success', error: '' })),
  );
  worker.kill('SIGTERM');
  expect(await worker.exited).toEqual([0, null]);
  expect(fake.names).toEqual([]);
});

it('leaves no container behind when it is killed', async () => {
  await using livekit = await startEmbeddedLiveKit();
  using fake = new FakeDocker();
  await using worker = await startWorker(livekit, fake);
  const call = await dial(livekit);
  await call.nextReply();
  expect(fake.names.length).toBeGreaterThan(0);
  worker.kill('SIGKILL');
  await worker.exited;
  await vi.waitFor(() => expect(fake.names).toEqual([]), { timeout: 20_000 });
});
