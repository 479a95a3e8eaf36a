import type { IsolationStrategy } from '@openrtc/core';
import { beforeDeadline } from '@openrtc/core/isolation';

import { listen } from './channel-server.js';
import type { ContainerClient } from './container-client.js';
import { type Container, type ContainerSettings, startContainer } from './container.js';

export interface ContainersOptions {
  /** Starts containers: {@link docker}, or that of another runtime. */
  client: ContainerClient;
  /** The worker's address on the network of the containers, which connect back to it. Never a public one. */
  listenOn: string;
  /** The same address as containers know it. Default: `listenOn`. */
  workerHost?: string;
  /** URL of `connect.js` in the image. Default: the one it has here. */
  connectModule?: string;
  /** For the code in the containers. Nothing of the worker's own environment is passed on. */
  env?: Readonly<Record<string, string>>;
  /** Default: 512. */
  memoryMb?: number;
  /** Until a container must be ready for its call, prewarm included, in milliseconds. Default: 30 000. */
  startTimeoutMs?: number;
  /** One container waits ready for the next call. Default: true. */
  warm?: boolean;
}

/** Every call in a container of its own, which goes with it. */
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
        // Where the first does not come up, none will. It waits for the first call.
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
          // One that died waiting is not replaced before: an image that fails would be started for ever.
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
