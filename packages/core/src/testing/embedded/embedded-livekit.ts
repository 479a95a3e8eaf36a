import { ParticipantKind } from '@livekit/rtc-node';
import { OpenRtcError } from '../../base/errors.js';
import { Changes } from './changes.js';
import { Dispatcher } from './dispatcher.js';
import { EmbeddedCall } from './embedded-call.js';
import type { EmbeddedJob, EmbeddedJobSnapshot } from './embedded-job.js';
import type {
  EmbeddedCallerOptions,
  EmbeddedDispatchOptions,
  EmbeddedLiveKitOptions,
  EmbeddedRoomSnapshot,
} from './embedded-options.js';
import { EmbeddedFaults } from './faults.js';
import { FrontDoor } from './front-door.js';
import { newId } from './ids.js';
import { JobDesk } from './job-desk.js';
import { RoomHub } from './room-hub.js';
import { answerService } from './room-service.js';
import { RoomSocket } from './room-socket.js';
import { Keys } from './tokens.js';
import { type EmbeddedWorkerSnapshot, WorkerConnection } from './embedded-worker.js';

const WAIT_MS = 10_000;

/**
 * A LiveKit endpoint inside this process, for text calls: workers connect to it as to the real one,
 * and callers are simulated. Get one from {@link startEmbeddedLiveKit}.
 */
export class EmbeddedLiveKit implements AsyncDisposable {
  /** What can go wrong between this endpoint and its workers, at the command of a test. */
  readonly faults: EmbeddedFaults;
  readonly #keys = new Keys();
  readonly #changes = new Changes();
  readonly #workers = new Map<string, WorkerConnection>();
  // Also those that have not registered.
  readonly #connections = new Set<WorkerConnection>();
  readonly #dispatcher: Dispatcher;
  readonly #desk: JobDesk;
  readonly #hub: RoomHub;
  readonly #door: FrontDoor;
  #port = 0;
  #closed: Promise<void> | undefined;

  private constructor(options: EmbeddedLiveKitOptions) {
    const changed = () => this.#changes.notify();
    this.faults = new EmbeddedFaults({
      broadcast: (frame) => this.#workers.forEach((worker) => worker.sendRaw(frame)),
      pause: () => this.#door.pause(),
      listen: () => this.#door.listen(),
      changed,
    });
    this.#dispatcher = new Dispatcher({
      workers: () => [...this.#workers.values()],
      targetLoad: options.targetLoad ?? 0.7,
      availabilityTimeoutMs: options.availabilityTimeoutMs ?? 3000,
    });
    this.#desk = new JobDesk({
      faults: this.faults,
      dispatcher: this.#dispatcher,
      keys: this.#keys,
      roomUrl: () => `embedded://127.0.0.1:${this.#port}`,
      worker: (id) => this.#workers.get(id),
      changed,
    });
    this.#hub = this.#openHub(options.departureTimeoutMs ?? 20_000, changed);
    this.#door = this.#openDoor(options.participantTimeoutMs ?? 20_000, changed);
  }

  /** Use {@link startEmbeddedLiveKit}. */
  static async start(options: EmbeddedLiveKitOptions): Promise<EmbeddedLiveKit> {
    const endpoint = new EmbeddedLiveKit(options);
    endpoint.#port = await endpoint.#door.listen();
    return endpoint;
  }

  /** What workers connect to, e.g. `ws://127.0.0.1:4711`. */
  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  /** Random for every endpoint. */
  get apiKey(): string {
    return this.#keys.apiKey;
  }

  /** Random for every endpoint. */
  get apiSecret(): string {
    return this.#keys.apiSecret;
  }

  /** The registered workers. */
  get workers(): readonly EmbeddedWorkerSnapshot[] {
    return [...this.#workers.values()].map(({ snapshot }) => snapshot);
  }

  /** Every job there was, in the order of dispatch. */
  get jobs(): readonly EmbeddedJobSnapshot[] {
    return this.#desk.snapshots;
  }

  /** The rooms there are. */
  get rooms(): readonly EmbeddedRoomSnapshot[] {
    return this.#hub.rooms.map(({ state: { name, sid }, members }) => ({
      name,
      sid,
      identities: members.map(({ state }) => state.identity),
    }));
  }

  /**
   * Resolves as soon as `holds` returns true; it is asked again whenever a worker, job, room, or
   * participant changed. Rejects with `LINK_CLOSED` after `timeoutMs` (default 10 000).
   */
  until(holds: (endpoint: this) => boolean, timeoutMs = WAIT_MS): Promise<void> {
    return this.#changes.until(() => holds(this), 'a condition', timeoutMs);
  }

  /**
   * A caller dials: a room comes to be, a job is dispatched, and an agent joins. Rejects with
   * `LINK_CLOSED` when none does, and says why.
   */
  async call(options: EmbeddedCallerOptions = {}): Promise<EmbeddedCall> {
    const room = this.#room(options);
    const timeoutMs = options.joinTimeoutMs ?? WAIT_MS;
    const call = new EmbeddedCall({
      room,
      identity: options.identity ?? `caller-${newId('PA')}`,
      attributes: options.attributes ?? {},
      changes: this.#changes,
      readyTimeoutMs: timeoutMs,
    });
    const job = this.#desk.dispatch(room, options.agentName ?? '', textOf(options.jobMetadata));
    call.begin(job);
    try {
      await this.#changes.until(
        () => job.joined || job.final,
        `an agent in room "${room.state.name}"`,
        timeoutMs,
      );
    } catch (error) {
      call.hangUp();
      throw error;
    }
    if (!job.joined) {
      call.hangUp();
      throw noAgent(job);
    }
    return call;
  }

  /** Dispatches a job and does not wait for it; returns its id. */
  dispatch(options: EmbeddedDispatchOptions = {}): string {
    return this.#desk.dispatch(
      this.#room(options),
      options.agentName ?? '',
      textOf(options.jobMetadata),
    ).id;
  }

  /**
   * Ends a job as the deletion of its dispatch does: the worker is told, the job is a success, and
   * after 3 s the agent is put out. Throws `CONFIG_INVALID_OPTION` when no such job runs.
   */
  terminate(jobId: string): void {
    this.#desk.terminate(jobId);
  }

  /** Ends a room with `ROOM_DELETED` for everybody in it; false when there is none. */
  deleteRoom(name: string): boolean {
    return this.#hub.delete(name);
  }

  /** Cuts the connection of every worker, as a restart of LiveKit does. Rooms are not touched. */
  dropWorkers(): void {
    for (const worker of this.#connections) {
      worker.drop();
    }
  }

  /** Ends every call, cuts every connection, and frees the port. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#dispatcher.close();
    this.#desk.close();
    this.faults.close();
    this.#hub.close();
    await this.#door.close();
    this.#changes.close();
  }

  #room({ room, metadata }: EmbeddedDispatchOptions) {
    if (this.#closed !== undefined) {
      throw new OpenRtcError(
        'LINK_CLOSED',
        'the embedded LiveKit endpoint is closed: start another one',
      );
    }
    return this.#hub.create(room ?? `room-${newId('RM')}`, textOf(metadata));
  }

  #openHub(departureTimeoutMs: number, changed: () => void): RoomHub {
    return new RoomHub(
      {
        created: (room) => {
          // As on LiveKit, a room without an explicit dispatch asks for an unnamed agent.
          if ([...this.#workers.values()].some((worker) => worker.serves(''))) {
            this.#desk.dispatch(room, '', '');
          }
        },
        joined: (room, member) => {
          this.#desk.joined(room, member);
          changed();
        },
        left: (room, member, by) => {
          void this.#desk.left(room, member, by);
          changed();
        },
        updated: changed,
      },
      departureTimeoutMs,
    );
  }

  #openDoor(participantTimeoutMs: number, changed: () => void): FrontDoor {
    return new FrontDoor({
      keys: this.#keys,
      worker: (socket) => {
        const connection = new WorkerConnection(socket, {
          faults: this.faults,
          registered: (worker) => {
            this.#workers.set(worker.id, worker);
            changed();
          },
          reported: changed,
          jobUpdated: (worker, update) => this.#desk.update(worker, update),
          closed: (worker) => {
            this.#workers.delete(worker.id);
            this.#connections.delete(worker);
            changed();
          },
        });
        this.#connections.add(connection);
      },
      participant: (socket, claims) => {
        const state = {
          identity: claims.sub ?? '',
          sid: newId('PA'),
          name: claims.name ?? '',
          metadata: claims.metadata ?? '',
          attributes: claims.attributes ?? {},
          kind: claims.kind === 'agent' ? ParticipantKind.AGENT : ParticipantKind.STANDARD,
        };
        const participant = new RoomSocket(socket, state, participantTimeoutMs);
        participant.attach(this.#hub.join(claims.video?.room ?? '', participant));
      },
      service: (path, request) => answerService(this.#hub, path, request),
    });
  }
}

/**
 * Starts a LiveKit endpoint on an ephemeral port of 127.0.0.1: no keys, no network, no media. Agents
 * join its rooms with `createEmbeddedRoom()` and answer in text.
 */
export function startEmbeddedLiveKit(
  options: EmbeddedLiveKitOptions = {},
): Promise<EmbeddedLiveKit> {
  return EmbeddedLiveKit.start(options);
}

function textOf(metadata: string | object = ''): string {
  return typeof metadata === 'string' ? metadata : JSON.stringify(metadata);
}

function noAgent(job: EmbeddedJob): OpenRtcError {
  const { error, status } = job.snapshot;
  const why = status === 'success' ? 'a worker ended the job without running it' : error;
  return new OpenRtcError('LINK_CLOSED', `no agent took the call: ${why}`);
}
