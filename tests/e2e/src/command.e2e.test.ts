import { type CallerProcess, findLiveKitServer, startCallers } from '@openrtc/test-rig';
import { afterEach, describe, expect, it } from 'vitest';

import { commandPool, CommandProcess } from './command-process.js';
import { describeRealCalls } from './real-calls.js';
import { noServer, roomName } from './real-server.js';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close();
});

function command(args: readonly string[], env: NodeJS.ProcessEnv): CommandProcess {
  const started = new CommandProcess(args, env);
  open.push(started);
  return started;
}

describeRealCalls('openrtc', (real) => {
  const credentials = () => ({
    LIVEKIT_URL: real.server.url,
    LIVEKIT_API_KEY: real.server.apiKey,
    LIVEKIT_API_SECRET: real.server.apiSecret,
  });

  it('connect sends the agent that was asked for to a caller who waits, and ends with the call', async () => {
    const room = roomName('waiting');
    const caller = await real.join(room);
    const flags = ['--room', room, '--participant-identity', 'caller', '--agent', 'support'];
    const connect = command(['connect', commandPool, ...flags], credentials());
    await caller.waitForAgent();
    expect((await caller.nextTranscript('agent')).text).toBe('Welcome to support.');
    await caller.speak('support');
    expect((await caller.nextTranscript('agent')).text).toContain('support heard:');
    await caller.hangUp();
    expect(await connect.exited).toBe(0);
    expect(connect.stderr).toContain('ended: caller_left');
    expect(await real.server.listParticipants(room)).toEqual([]);
    // LiveKit has given nobody a job.
    expect(real.server.assignments().filter((each) => each.room === room)).toEqual([]);
  });

  it('connect ends the call at the first signal', async () => {
    const room = roomName('stopped');
    const caller = await real.join(room);
    const connect = command(['connect', commandPool, '--room', room], credentials());
    await caller.waitForAgent();
    connect.kill('SIGINT');
    expect(await connect.exited).toBe(0);
    const left = await real.server.listParticipants(room);
    expect(left.map(({ identity }) => identity)).toEqual(['caller']);
  });

  it('connect names a participant who is not there', async () => {
    const flags = ['--room', roomName('empty'), '--participant-identity', 'nobody'];
    const connect = command(['connect', commandPool, ...flags], credentials());
    expect(await connect.exited).toBe(1);
    expect(connect.stderr).toContain('"nobody"');
  });

  it('start is a worker like any other, and a deploy: the old one keeps its call', async () => {
    const old = command(['start', commandPool], credentials());
    await old.says(/registered with LiveKit/);
    const caller = await real.join(roomName('support'));
    await caller.waitForAgent();
    const next = command(['start', commandPool], credentials());
    await next.says(/registered with LiveKit/);
    old.kill('SIGTERM');
    await caller.speak('support');
    expect((await caller.nextTranscript('agent')).text).toBe('Welcome to support.');
    expect((await caller.nextTranscript('agent')).text).toContain('support heard:');
    await caller.hangUp();
    expect(await old.exited).toBe(0);
  });
});

describe.skipIf(noServer)('openrtc dev --local', () => {
  it('starts a server of its own, which takes calls and ends with the worker', async () => {
    const found = await findLiveKitServer({
      mayBuild: false,
      env: { ...process.env, LIVEKIT_URL: '' },
    });
    if (!found.available || found.kind !== 'binary') return;
    const callers: CallerProcess = await startCallers();
    open.push(callers);
    const dev = command(['dev', commandPool, '--local'], {
      LIVEKIT_SERVER_BIN: found.path,
      LIVEKIT_URL: '',
    });
    const [, url = ''] = await dev.says(/^LiveKit +(ws:\S+)/m);
    const [, token = ''] = await dev.says(/^ +(eyJ\S+)$/m);
    await dev.says(/registered with LiveKit/);
    const caller = await callers.join({ url, token });
    expect((await caller.nextTranscript('agent')).text).toMatch(/^Welcome to /);
    dev.kill('SIGINT');
    await caller.hangUp();
    expect(await dev.exited).toBe(0);
    await expect(fetch(url.replace('ws', 'http'))).rejects.toThrow();
  });
});
