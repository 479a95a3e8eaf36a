import { OpenRtcError } from '../../base/errors.js';
import { Changes } from './changes.js';
import { checkedCaller, checkedDispatch, checkedEndpoint } from './check-embedded-options.js';
import { ConnectedWorkers } from './connected-workers.js';
import { Dispatcher } from './dispatcher.js';
import { EmbeddedCall } from './embedded-call.js';
import type { EmbeddedJob, EmbeddedJobSnapshot } from './embedded-job.js';
import {
  type EmbeddedCallerOptions,
  type EmbeddedDispatchOptions,
  type EmbeddedLiveKitOptions,
  type EmbeddedRoomSnapshot,
  textOf,
} from './embedded-options.js';
import { EmbeddedFaults } from './faults.js';
import { FrontDoor } from './front-door.js';
import type { HubRoom } from './hub-room.js';
import { newId } from './ids.js';
import { JobDesk } from './job-desk.js';
import { RoomHub } from './room-hub.js';
import { answerService } from './room-service.js';
import { participantOf, RoomSocket } from './room-socket.js';
import { Keys } from './tokens.js';
import type { EmbeddedWorkerSnapshot } from './worker-messages.js';

const WAIT_MS = 10_000;

/**
 * A LiveKit endpoint inside this process, for text calls. Workers connect to it as to a real server, and callers are
 * simulated. Created by {@link startEmbeddedLiveKit}.
 */
export class EmbeddedLiveKit implements AsyncDisposable {
  /** Faults between this endpoint and its workers, controlled by a test. */
  readonly faults: EmbeddedFaults;
  readonly #keys = new Keys();
  readonly #changes = new Changes();
  readonly #workers: ConnectedWorkers;
  readonly #dispatcher: Dispatcher;
  readonly #desk: JobDesk;
  readonly #hub: RoomHub;
  readonly #door: FrontDoor;
  #port = 0;
  #closed: Promise<void> | undefined;

  private constructor(options: EmbeddedLiveKitOptions) {
    const changed = () => this.#changes.notify();
    this.faults = new EmbeddedFaults({
      broadcast: (frame) => this.#workers.broadcast(frame),
      pause: () => this.#door.pause(),
      listen: () => this.#door.listen(),
      changed,
    });
    this.#workers = new ConnectedWorkers({
      faults: this.faults,
      jobUpdated: (worker, update) => this.#desk.update(worker, update),
      changed,
    });
    this.#dispatcher = new Dispatcher({
      workers: () => this.#workers.list,
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
    this.#door = this.#openDoor(options.participantTimeoutMs ?? 20_000);
  }

  /** @internal Use {@link startEmbeddedLiveKit}. */
  static async start(options: EmbeddedLiveKitOptions): Promise<EmbeddedLiveKit> {
    const endpoint = new EmbeddedLiveKit(checkedEndpoint(options));
    endpoint.#port = await endpoint.#door.listen();
    return endpoint;
  }

  /** The URL for workers, e.g. `ws://127.0.0.1:4711`. */
  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  /** The API key, random for every endpoint. */
  get apiKey(): string {
    return this.#keys.apiKey;
  }

  /** The API secret, random for every endpoint. */
  get apiSecret(): string {
    return this.#keys.apiSecret;
  }

  /** The registered workers. */
  get workers(): readonly EmbeddedWorkerSnapshot[] {
    return this.#workers.snapshots;
  }

  /** Every job so far, in the order of dispatch. */
  get jobs(): readonly EmbeddedJobSnapshot[] {
    return this.#desk.snapshots;
  }

  /** The open rooms. */
  get rooms(): readonly EmbeddedRoomSnapshot[] {
    return this.#hub.rooms.map(({ snapshot }) => snapshot);
  }

  /**
   * Resolves as soon as `holds` returns true. It is called again whenever a worker, job, room, or participant has
   * changed. Rejects with `LINK_CLOSED` after `timeoutMs` (default: 10 000).
   */
  until(holds: (endpoint: this) => boolean, timeoutMs = WAIT_MS): Promise<void> {
    return this.#changes.until(() => holds(this), 'a condition', timeoutMs);
  }

  /**
   * Starts a call: creates a room, dispatches a job, and waits for an agent to join. Rejects with `LINK_CLOSED` and the
   * reason if no agent joins.
   */
  async call(options: EmbeddedCallerOptions = {}): Promise<EmbeddedCall> {
    const room = this.#room(checkedCaller(options));
    const timeoutMs = options.joinTimeoutMs ?? WAIT_MS;
    const call = new EmbeddedCall({
      room,
      identity: options.identity ?? `caller-${newId('PA')}`,
      attributes: options.attributes ?? {},
      changes: this.#changes,
      readyTimeoutMs: timeoutMs,
    });
    const job = this.#dispatch(room, options);
    call.begin(job);
    try {
      const awaited = `an agent in room "${room.state.name}"`;
      await this.#changes.until(() => job.joined || job.final, awaited, timeoutMs);
    } catch (error) {
      call.hangUp();
      throw error;
    }
    if (!job.joined) {
      call.hangUp();
      throw new OpenRtcError('LINK_CLOSED', `no agent took the call: ${job.whyNoAgent}`);
    }
    return call;
  }

  /** Dispatches a job without waiting for an agent; returns the id of the job. */
  dispatch(options: EmbeddedDispatchOptions = {}): string {
    return this.#dispatch(this.#room(checkedDispatch(options)), options).id;
  }

  /**
   * Ends a job like the deletion of its dispatch: the worker is notified, the job is a success, and after 3 s the agent
   * is removed from its room. Throws `CONFIG_INVALID_OPTION` if no such job is running.
   */
  terminate(jobId: string): void {
    this.#desk.terminate(jobId);
  }

  /** Deletes a room, with `ROOM_DELETED` for every participant; false if it does not exist. */
  deleteRoom(name: string): boolean {
    return this.#hub.delete(name);
  }

  /** Cuts the connection of every worker, as a restart of LiveKit does. Rooms stay open. */
  dropWorkers(): void {
    this.#workers.drop();
  }

  /** Ends every call, cuts every connection, and frees the port. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  /** The same as {@link close}. */
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

  #dispatch(room: HubRoom, { agentName = '', jobMetadata }: EmbeddedDispatchOptions): EmbeddedJob {
    return this.#desk.dispatch(room, agentName, textOf(jobMetadata));
  }

  #room({ room, metadata }: EmbeddedDispatchOptions): HubRoom {
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
          // As on LiveKit, a room without an explicit dispatch gets an agent without a name.
          if (this.#workers.list.some((worker) => worker.serves(''))) {
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

  #openDoor(participantTimeoutMs: number): FrontDoor {
    return new FrontDoor({
      keys: this.#keys,
      worker: (socket) => this.#workers.add(socket),
      participant: (socket, claims) => {
        const participant = new RoomSocket(socket, participantOf(claims), participantTimeoutMs);
        participant.attach(this.#hub.join(claims.video?.room ?? '', participant));
      },
      service: (path, request) => answerService(this.#hub, path, request),
    });
  }
}

/**
 * Starts a LiveKit endpoint on a free port of 127.0.0.1, without a network or media. Agents join its rooms with
 * `createEmbeddedRoom()` and answer in text. Rejects with `CONFIG_INVALID_OPTION` for an option that is not valid.
 */
export function startEmbeddedLiveKit(
  options: EmbeddedLiveKitOptions = {},
): Promise<EmbeddedLiveKit> {
  return EmbeddedLiveKit.start(options);
}
