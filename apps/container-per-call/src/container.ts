import { OpenRtcError } from '@openrtc/core';
import { type IsolationHost, RemoteSessions } from '@openrtc/core/isolation';
import { randomUUID } from 'node:crypto';

import type { ChannelServer } from './channel-server.js';
import type { ContainerClient } from './container-client.js';

// A container ends by itself when its call is over or its connection is closed. This is the time-out for that.
const LEAVE_MS = 5_000;

export interface ContainerSettings {
  readonly client: ContainerClient;
  readonly workerHost: string;
  readonly connectModule: string;
  readonly env: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly startTimeoutMs: number;
}

/** One container, from its start to its end. */
export interface Container {
  /** Rejects when no call can run in it. */
  readonly ready: Promise<RemoteSessions>;
  readonly gone: Promise<void>;
  /** False when it is about to end. */
  takesCalls(): boolean;
  /** Stops giving it calls; it ends after its call. */
  finish(): void;
}

export function startContainer(
  host: IsolationHost,
  server: ChannelServer,
  { client, workerHost, connectModule, env, memoryMb, startTimeoutMs }: ContainerSettings,
): Container {
  const name = `openrtc-call-${randomUUID()}`;
  let state: 'starting' | 'ready' | 'leaving' | 'stopping' | 'gone' = 'starting';
  let wasReady = false;
  let why: string | undefined;
  let sessions: RemoteSessions | undefined;
  let resolve!: (sessions: RemoteSessions) => void;
  let reject!: (error: unknown) => void;
  const ready = new Promise<RemoteSessions>((...ends) => ([resolve, reject] = ends));

  const stop = (reason: string) => {
    if (state === 'stopping' || state === 'gone') return;
    state = 'stopping';
    why ??= reason;
    running.stop().catch((error: unknown) => {
      host.logger.error({ error, container: name }, 'a container may still be there');
    });
  };
  const leave = (reason: string) => {
    if (state !== 'starting' && state !== 'ready') return;
    state = 'leaving';
    why ??= reason;
    clearTimeout(timer);
    timer = setTimeout(stop, LEAVE_MS, 'it did not go by itself');
  };
  const finish = () => {
    if (state === 'starting') return stop('it was not needed any more');
    sessions?.finish();
    leave('no call was left');
  };

  const token = server.expect((channel) => {
    channel.onClose(leave);
    const opened = new RemoteSessions({
      host,
      // The exit of the container explains more than its closed connection, and is known a moment later.
      channel: { ...channel, onClose: () => {} },
      onStuck(error) {
        opened.fail(error);
        stop(error.message);
      },
      onTainted(error) {
        host.logger.warn({ error, container: name }, 'an error no call can be blamed for');
        if (opened.jobIds.length === 0) finish();
      },
      onOverdue: () => stop('its call did not end'),
    });
    sessions = opened;
    opened.open(new AbortController().signal).then(() => {
      if (state !== 'starting') return;
      state = 'ready';
      wasReady = true;
      clearTimeout(timer);
      resolve(opened);
    }, reject);
  });
  const running = client.start({
    name,
    memoryMb,
    env: {
      ...env,
      OPENRTC_SERVE_TICKETS: connectModule,
      CONTAINER_CHANNEL: `${workerHost}:${server.port}`,
      CONTAINER_TOKEN: token,
    },
  });
  let timer = setTimeout(() => {
    stop(`it was not ready within ${startTimeoutMs} ms: does its image call pool.run()?`);
  }, startTimeoutMs);
  const gone = running.exited.then((how) => {
    // After it was told to end, its exit needs no report.
    const reasons = [why, state === 'stopping' ? undefined : how].filter(Boolean).join('; ');
    state = 'gone';
    clearTimeout(timer);
    server.forget(token);
    const error = wasReady
      ? new OpenRtcError('ISOLATION_LOST', `The container of the call is gone: ${reasons}`)
      : new OpenRtcError('ISOLATION_START_FAILED', `A container did not start: ${reasons}`);
    sessions?.fail(error);
    reject(error);
  });
  return { ready, gone, finish, takesCalls: () => state === 'starting' || state === 'ready' };
}
