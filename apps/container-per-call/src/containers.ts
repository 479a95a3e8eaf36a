import type { IsolationStrategy } from '@openrtc/core';
import { beforeDeadline } from '@openrtc/core/isolation';

import { listen } from './channel-server.js';
import type { ContainerClient } from './container-client.js';
import { type Container, type ContainerSettings, startContainer } from './container.js';

export interface ContainersOptions {
  /** Starts containers: {@link docker}, or a client for another runtime. */
  client: ContainerClient;
  /** The worker's address on the network of the containers, which connect back to it. Never a public address. */
  listenOn: string;
  /** The same address as seen by the containers. Default: `listenOn`. */
  workerHost?: string;
  /** URL of `connect.js` in the image. Default: its URL here. */
  connectModule?: string;
  /** Environment of the code in the containers. The worker's own environment is not passed on. */
  env?: Readonly<Record<string, string>>;
  /** Default: 512. */
  memoryMb?: number;
  /** Time-out until a container is ready for its call, including prewarm, in milliseconds. Default: 30 000. */
  startTimeoutMs?: number;
  /** Whether one container is kept ready for the next call. Default: true. */
  warm?: boolean;
}

/** Runs every call in a container of its own, which ends with the call. */
export function containers(options: ContainersOptions): IsolationStrategy {
  const { listenOn, warm = true } = options;
  const settings: ContainerSettings = {
    workerHost: listenOn,
    connectModule: new URL('connect.js', import.meta.url).href,
    env: {},
    memoryMb: 512,
    startTimeoutMs: 30_000,
    ...options,
  };
  return {
    name: 'container',
    async open(host, signal) {
      const server = await listen(listenOn, host.logger);
      const all = new Set<Container>();
      let closing = false;
      const start = () => {
        const container = startContainer(host, server, settings);
        all.add(container);
        container.ready.catch((error: unknown) => {
          if (!closing) host.logger.warn({ error }, 'a container went before it could take a call');
        });
        void container.gone.then(() => all.delete(container));
        return container;
      };
      const dispose = async () => {
        closing = true;
        const left = [...all];
        for (const container of left) container.finish();
        await Promise.all(left.map(({ gone }) => gone));
        await server.close();
      };
      let next: Container | undefined;
      const callOff = () => next?.finish();
      try {
        // If the first container does not start, none will. It is kept for the first call.
        next = start();
        signal.addEventListener('abort', callOff, { once: true });
        if (signal.aborted) callOff();
        await next.ready;
      } catch (error) {
        await dispose();
        throw signal.aborted ? signal.reason : error;
      } finally {
        signal.removeEventListener('abort', callOff);
      }
      return {
        async run(ticket, hangUp) {
          // An idle container that died is replaced only now: otherwise a failing image would start forever.
          const container = next?.takesCalls() ? next : start();
          next = undefined;
          try {
            if (warm) next = start();
            const sessions = await beforeDeadline(container.ready, hangUp);
            await sessions.run(ticket, hangUp);
          } finally {
            container.finish();
          }
        },
        [Symbol.asyncDispose]: dispose,
      };
    },
  };
}
