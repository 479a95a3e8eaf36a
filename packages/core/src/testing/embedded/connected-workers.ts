import type { EndpointSocket } from './endpoint-socket.js';
import { WorkerConnection, type WorkerHost } from './embedded-worker.js';
import type { EmbeddedWorkerSnapshot } from './worker-messages.js';

/** Options of {@link ConnectedWorkers}. */
export interface ConnectedWorkersOptions extends Pick<WorkerHost, 'faults' | 'jobUpdated'> {
  /** A worker has registered, reported its status, or disconnected. */
  readonly changed: () => void;
}

/** The workers that are connected to an endpoint, and those of them that have registered. */
export class ConnectedWorkers {
  readonly #options: ConnectedWorkersOptions;
  readonly #registered = new Map<string, WorkerConnection>();
  readonly #connections = new Set<WorkerConnection>();

  /** Starts without workers. */
  constructor(options: ConnectedWorkersOptions) {
    this.#options = options;
  }

  /** Serves a new connection. */
  add(socket: EndpointSocket): void {
    const { faults, changed, jobUpdated } = this.#options;
    const connection = new WorkerConnection(socket, {
      faults,
      registered: (worker) => {
        this.#registered.set(worker.id, worker);
        changed();
      },
      reported: changed,
      jobUpdated,
      closed: (worker) => {
        this.#registered.delete(worker.id);
        this.#connections.delete(worker);
        changed();
      },
    });
    this.#connections.add(connection);
  }

  /** A registered worker by its id. */
  get(id: string): WorkerConnection | undefined {
    return this.#registered.get(id);
  }

  /** The registered workers, in the order of registration. */
  get list(): readonly WorkerConnection[] {
    return [...this.#registered.values()];
  }

  /** The state of every registered worker. */
  get snapshots(): readonly EmbeddedWorkerSnapshot[] {
    return this.list.map(({ snapshot }) => snapshot);
  }

  /** Sends a raw frame to every registered worker. */
  broadcast(frame: Uint8Array | string): void {
    this.#registered.forEach((worker) => worker.sendRaw(frame));
  }

  /** Cuts every connection, including those that have not registered. */
  drop(): void {
    for (const worker of this.#connections) {
      worker.drop();
    }
  }
}
