import type { ServerMessage, WorkerMessage } from '@livekit/protocol';

import { deferred, type Deferred } from '../../base/deferred.js';
import { type BadFrame, badFrame } from './bad-frame.js';

/** The name of a message to a worker, e.g. `assignment`. */
export type ToWorkerKind = NonNullable<ServerMessage['message']['case']>;

/** The name of a message from a worker, e.g. `updateJob`. */
export type FromWorkerKind = NonNullable<WorkerMessage['message']['case']>;

/** The endpoint, as {@link EmbeddedFaults} controls it. */
export interface FaultTargets {
  /** Sends a raw frame to every registered worker. */
  broadcast(frame: Uint8Array | string): void;
  /** Stops accepting connections. */
  pause(): void;
  /** Accepts connections on the same port again. */
  listen(): Promise<unknown>;
  /** Something changed that a test may wait for. */
  changed(): void;
}

/**
 * Faults between an endpoint and its workers, controlled by a test. There are none at first, and none after
 * {@link EmbeddedFaults.heal}. Rooms are not affected.
 */
export class EmbeddedFaults {
  readonly #targets: FaultTargets;
  #assignments: Deferred<void> | undefined;
  #assignmentDelayMs = 0;
  #droppedTo: 'all' | ReadonlySet<string> = new Set();
  #droppedFrom: 'all' | ReadonlySet<string> = new Set();
  #flapMs: number | undefined;
  #down = false;
  #ignoring = false;
  #held = 0;
  #unanswered = 0;
  #cut = 0;

  /** @internal */
  constructor(targets: FaultTargets) {
    this.#targets = targets;
  }

  /** Holds back the assignments of accepted jobs until {@link releaseAssignments}. */
  holdAssignments(): void {
    this.#assignments ??= deferred();
  }

  /** Sends the assignments that {@link holdAssignments} holds back, and no longer holds later ones. */
  releaseAssignments(): void {
    this.#assignments?.resolve();
    this.#assignments = undefined;
  }

  /** Delays each assignment by `ms` milliseconds; 0 ends the delay. */
  delayAssignments(ms: number): void {
    this.#assignmentDelayMs = ms;
  }

  /** Number of accepted jobs whose assignment is held back or delayed now. */
  get heldAssignments(): number {
    return this.#held;
  }

  /** Drops messages of these kinds from the endpoint to workers; all messages if no kind is given. */
  loseToWorkers(...kinds: readonly ToWorkerKind[]): void {
    this.#droppedTo = kinds.length === 0 ? 'all' : new Set(kinds);
  }

  /**
   * Drops messages of these kinds from workers; all messages if no kind is given. WebSocket pings are still answered;
   * use `startTcpProxy()` for a silent connection.
   */
  loseFromWorkers(...kinds: readonly FromWorkerKind[]): void {
    this.#droppedFrom = kinds.length === 0 ? 'all' : new Set(kinds);
  }

  /** Sends one invalid frame to every registered worker. */
  garble(what: BadFrame): void {
    this.#targets.broadcast(badFrame(what));
  }

  /** Cuts the connection of every worker `ms` milliseconds after it registered; 0: instead of the answer. */
  flap(ms: number): void {
    this.#flapMs = ms;
  }

  /** Number of connections that {@link flap} has cut. */
  get cutConnections(): number {
    return this.#cut;
  }

  /**
   * Refuses every new connection of workers, participants, and clients of the room service. Open connections stay;
   * `dropWorkers()` cuts those of workers.
   */
  down(): void {
    if (this.#down) return;
    this.#down = true;
    this.#targets.pause();
  }

  /** Accepts connections again, on the same port. */
  async up(): Promise<void> {
    if (!this.#down) return;
    this.#down = false;
    await this.#targets.listen();
  }

  /** Accepts connections of workers but does not answer their registrations, not even after {@link heal}. */
  ignoreRegistrations(): void {
    this.#ignoring = true;
  }

  /** Number of registrations that were not answered so far. */
  get unansweredRegistrations(): number {
    return this.#unanswered;
  }

  /** Ends every fault. */
  async heal(): Promise<void> {
    this.releaseAssignments();
    this.delayAssignments(0);
    this.#droppedTo = new Set();
    this.#droppedFrom = new Set();
    this.#flapMs = undefined;
    this.#ignoring = false;
    await this.up();
  }

  /** @internal Ends every wait. An endpoint that is down stays down. */
  close(): void {
    this.releaseAssignments();
  }

  /** @internal Waits until an assignment may be sent. */
  async beforeAssignment(): Promise<void> {
    if (this.#assignments === undefined && this.#assignmentDelayMs === 0) return;
    this.#held += 1;
    this.#targets.changed();
    const ms = this.#assignmentDelayMs;
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms).unref());
    await this.#assignments?.promise;
    this.#held -= 1;
  }

  /** @internal True if a message to a worker is dropped. */
  dropsToWorker(kind: string): boolean {
    return this.#droppedTo === 'all' || this.#droppedTo.has(kind);
  }

  /** @internal True if a message from a worker is dropped. */
  dropsFromWorker(kind: string): boolean {
    return this.#droppedFrom === 'all' || this.#droppedFrom.has(kind);
  }

  /** @internal True if a registration is ignored, which is counted. */
  ignoresRegistration(): boolean {
    if (!this.#ignoring) return false;
    this.#unanswered += 1;
    this.#targets.changed();
    return true;
  }

  /** @internal Milliseconds after which a registered worker is cut; undefined: never. */
  get flapsAfterMs(): number | undefined {
    return this.#flapMs;
  }

  /** @internal Counts a connection that was cut. */
  countCut(): void {
    this.#cut += 1;
    this.#targets.changed();
  }
}
