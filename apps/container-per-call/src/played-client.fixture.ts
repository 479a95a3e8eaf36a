import { connect, type Socket } from 'node:net';

import type { ContainerClient, ContainerSpec } from './container-client.js';

/** A container without a process: the test plays it. */
export interface PlayedContainer extends ContainerSpec {
  /** Connects as what is in the container does, and says this first. */
  connect(token?: string): Socket;
  exit(how: string): void;
  stopped: boolean;
}

/** Starts nothing. `play` is called with each container. */
export class PlayedClient implements ContainerClient {
  readonly containers: PlayedContainer[] = [];
  readonly #play: (container: PlayedContainer) => unknown;

  constructor(play: (container: PlayedContainer) => unknown = () => {}) {
    this.#play = play;
  }

  start(spec: ContainerSpec) {
    let exit!: (how: string) => void;
    const exited = new Promise<string>((resolve) => (exit = resolve));
    const container: PlayedContainer = {
      ...spec,
      exit,
      stopped: false,
      connect(token = spec.env['CONTAINER_TOKEN']) {
        const [host, port] = spec.env['CONTAINER_CHANNEL']?.split(':') ?? [];
        const socket = connect({ host: host ?? '', port: Number(port) });
        socket.write(`${JSON.stringify({ token })}\n`);
        return socket;
      },
    };
    this.containers.push(container);
    void Promise.resolve(this.#play(container));
    return {
      exited,
      async stop() {
        container.stopped = true;
        exit('killed');
      },
    };
  }
}
