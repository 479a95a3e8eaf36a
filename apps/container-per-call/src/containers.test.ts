import type { Logger } from '@openrtc/core';
import type { HangUp, IsolationHost, JobTicket } from '@openrtc/core/isolation';
import { serveTickets } from '@openrtc/core/isolation';
import { conformancePool, startEmbeddedLiveKit } from '@openrtc/core/testing';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { type ContainersOptions, containers } from './containers.js';
import { docker } from './docker.js';
import { lineChannel } from './line-channel.js';
import { PlayedClient, type PlayedContainer } from './played-client.fixture.js';

// No containers here: the tests play them, over real connections.

const logged: string[] = [];
const write = (_fields: object, message: string) => void logged.push(message);
const logger: Logger = { debug() {}, info() {}, warn: write, error: write, child: () => logger };

const host: IsolationHost = {
  source: { entry: '', packagesFrom: [], pool: 0, argv: [], execArgv: [] },
  logger,
  maxConcurrentSessions: 1,
  inference: { load: async () => false, run: () => Promise.reject(new Error('no models')) },
  prewarm: async () => {},
  runSession: () => Promise.reject(new Error('not in this process')),
  prepareChange: () => Promise.reject(new Error('not in this process')),
  report: async () => {},
};

/** Of an agent that cannot be built: its call fails before it has a room. */
const ticket: JobTicket = {
  info: {
    jobId: 'AJ_1',
    agent: 'broken',
    tenant: 'default',
    room: 'room',
    metadata: {},
    startedAt: 1,
  },
  revision: 0,
  tenantsEpoch: 0,
  identity: 'agent',
  workerId: 'AW_1',
  media: { kind: 'room', url: 'ws://127.0.0.1:1', token: '' },
  // An empty message: the call fails before anybody reads it.
  job: { toBinary: () => new Uint8Array() } as JobTicket['job'],
};

const failed = { code: 'SESSION_AGENT_FAILED' };
const never = new AbortController().signal;

const open = (options: Partial<ContainersOptions> & Pick<ContainersOptions, 'client'>) =>
  containers({ listenOn: '127.0.0.1', ...options }).open(host, never);

/** What the image of a played container does: connects back, serves, and ends when there is nothing left to do. */
async function serve(container: PlayedContainer, socket = container.connect()): Promise<void> {
  await serveTickets(conformancePool(), lineChannel(socket));
  container.exit('exit code 0');
}

afterEach(() => {
  logged.length = 0;
  vi.useRealTimers();
});

describe('the start', () => {
  it('fails where there is no docker, and says so', async () => {
    const client = docker({ image: 'calls', command: 'no-such-docker' });
    await expect(open({ client })).rejects.toMatchObject({
      code: 'ISOLATION_START_FAILED',
      message:
        'A container did not start: the command "no-such-docker" cannot be run (spawn no-such-docker ENOENT): is Docker installed?',
    });
  });

  it('fails where no container can connect to', async () => {
    // Of a network for documentation: no machine has it.
    const opening = open({ client: new PlayedClient(), listenOn: '192.0.2.1' });
    await expect(opening).rejects.toThrow(/cannot listen on 192\.0\.2\.1 .*only while Docker runs/);
  });

  it('fails when the container ends before it is ready', async () => {
    const client = new PlayedClient((container) => container.exit('exit code 1'));
    await expect(open({ client })).rejects.toThrow('A container did not start: exit code 1');
  });

  it('fails when the container never connects, and leaves none behind', async () => {
    const client = new PlayedClient();
    await expect(open({ client, startTimeoutMs: 20 })).rejects.toThrow(
      'A container did not start: it was not ready within 20 ms: does its image call pool.run()?',
    );
    expect(client.containers.map(({ stopped }) => stopped)).toEqual([true]);
  });

  it('can be called off', async () => {
    const stop = new AbortController();
    const client = new PlayedClient(() => stop.abort(new Error('never mind')));
    const opening = containers({ client, listenOn: '127.0.0.1' }).open(host, stop.signal);
    await expect(opening).rejects.toThrow('never mind');
    expect(client.containers.map(({ stopped }) => stopped)).toEqual([true]);
  });

  it('gives a container its own environment, not the one of the worker', async () => {
    const client = new PlayedClient(serve);
    await using _isolation = await open({ client, env: { MY_KEY: 'mine' } });
    expect(Object.keys(client.containers[0]?.env ?? {}).sort()).toEqual([
      'CONTAINER_CHANNEL',
      'CONTAINER_TOKEN',
      'MY_KEY',
      'OPENRTC_SERVE_TICKETS',
    ]);
  });
});

describe('a connection', () => {
  const closed = (socket: Socket) => once(socket.resume(), 'close');

  it('with a wrong token gets nowhere, and keeps nobody from the right one', async () => {
    const client = new PlayedClient(async (container) => {
      const strangers = ['guess', 'a'.repeat(5_000), '', undefined].map((token) =>
        token === undefined ? container.connect('x').end('null\nnull\n') : container.connect(token),
      );
      await Promise.all(strangers.map(closed));
      await serve(container);
    });
    await using isolation = await open({ client });
    expect(isolation).toBeDefined();
    expect(logged).toHaveLength(4);
    expect(new Set(logged)).toEqual(
      new Set([
        "a connection that is no container's was closed: nobody is expected with its token",
        "a connection that is no container's was closed: that was no token",
      ]),
    );
  });

  it('with a token that was used gets nowhere', async () => {
    const client = new PlayedClient(serve);
    await using _isolation = await open({ client });
    const second = client.containers[0]?.connect();
    await closed(second as Socket);
    expect(logged).toEqual([
      "a connection that is no container's was closed: nobody is expected with its token",
    ]);
  });
});

describe('a call', () => {
  it('is lost when its container sends what is no JSON, and the next one is answered', async () => {
    await using livekit = await startEmbeddedLiveKit();
    const sockets: Socket[] = [];
    const client = new PlayedClient(async (container) => {
      const socket = container.connect();
      sockets.push(socket);
      await serve(container, socket);
    });
    const { url, apiKey, apiSecret } = livekit;
    const ends: unknown[] = [];
    const pool = conformancePool(
      {},
      {
        livekit: { url, apiKey, apiSecret },
        isolation: containers({ client, listenOn: '127.0.0.1' }),
        observers: [{ onSessionEnd: (_info, { error }) => void ends.push(error) }],
      },
    );
    const running = pool.run({ processHandlers: false });
    await livekit.until(({ workers }) => workers.length > 0);
    const call = await livekit.call();
    await call.nextReply();
    sockets[0]?.write('{"kind": "eve\n');
    expect(await call.ended).toMatchObject({ status: 'failed' });
    const next = await livekit.call();
    await next.nextReply();
    expect(await next.say('hello')).toBe('obedient heard: hello');
    await pool.close();
    await running;
    expect(ends[0]).toMatchObject({
      code: 'ISOLATION_LOST',
      message: 'The container of the call is gone: it sent a line that is no JSON; exit code 0',
    });
  });

  it('is given up when its container does not answer any more, which is removed', async () => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
      shouldAdvanceTime: true,
    });
    let isStuck = false;
    const client = new PlayedClient(async (container) => {
      const channel = lineChannel(container.connect());
      const send = (message: object) => void (isStuck || channel.send(message));
      await serveTickets(conformancePool(), { ...channel, send });
    });
    await using isolation = await open({ client, warm: false });
    const run = isolation.run({ ...ticket, info: { ...ticket.info, agent: 'absent' } }, never);
    isStuck = true;
    const rejected = expect(run).rejects.toMatchObject({ code: 'ISOLATION_STUCK' });
    // Seconds by ones: a pause of this process is no fault of the container.
    for (let second = 0; second < 8; second += 1) await vi.advanceTimersByTimeAsync(1_000);
    await rejected;
    expect(client.containers.map(({ stopped }) => stopped)).toEqual([true]);
  });

  it('that is hung up before its container is ready waits no longer than its deadline', async () => {
    const client: PlayedClient = new PlayedClient((container) =>
      client.containers.length === 1 ? serve(container) : undefined,
    );
    await using isolation = await open({ client, warm: false });
    // Takes the first container.
    await expect(isolation.run(ticket, never)).rejects.toMatchObject(failed);
    const hangUp = new AbortController();
    const run = isolation.run(ticket, hangUp.signal);
    hangUp.abort({ reason: 'terminated', deadline: Date.now() + 10 } satisfies HangUp);
    await expect(run).rejects.toMatchObject({ code: 'ISOLATION_CLOSED' });
    expect(client.containers.map(({ stopped }) => stopped)).toEqual([false, true]);
  });

  it('does not go to a container that died while it waited', async () => {
    const client = new PlayedClient(serve);
    await using isolation = await open({ client });
    client.containers[0]?.exit('exit code 137');
    await setImmediate();
    await expect(isolation.run(ticket, never)).rejects.toMatchObject(failed);
    expect(client.containers).toHaveLength(3);
  });
});

describe('the end', () => {
  it('leaves no container: not one that starts, not one that does not go', async () => {
    const client = new PlayedClient(async (container) => {
      if (client.containers.length > 1) return;
      // Serves, and stays.
      await serveTickets(conformancePool(), lineChannel(container.connect()));
    });
    const isolation = await open({ client });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
    await expect(isolation.run(ticket, never)).rejects.toMatchObject(failed);
    const disposed = isolation[Symbol.asyncDispose]();
    await vi.advanceTimersByTimeAsync(5_000);
    await disposed;
    expect(client.containers.map(({ stopped }) => stopped)).toEqual([true, true]);
  });
});
