import type { ServerMessage, WorkerMessage } from '@livekit/protocol';

import { deferred, type Deferred } from '../../base/deferred.js';
import { type BadFrame, badFrame } from './bad-frame.js';

/** The name of a message to a worker, e.g. `assignment`. */
export type ToWorkerKind = NonNullable<ServerMessage['message']['case']>;

/** The name of a message from a worker, e.g. `updateJob`. */
export type FromWorkerKind = NonNullable<WorkerMessage['message']['case']>;

/** What {@link EmbeddedFaults} does things to. */
export interface FaultTargets {
  /** Sends a raw frame to every registered worker. */
  broadcast(frame: Uint8Array | string): void;
  /** Stops listening. */
  pause(): void;
  /** Listens on the same port again. */
  listen(): Promise<unknown>;
  changed(): void;
}

/**
 * What can go wrong between an endpoint and its workers, at the command of a test. Everything works
 * until told otherwise, and again after {@link EmbeddedFaults.heal}. Rooms are not touched.
 */
export class EmbeddedFaults {
  readonly #targets: FaultTargets;
  #assignments: Deferred<void> | undefined;
  #assignmentDelayMs = 0;
  #lostTo: 'all' | ReadonlySet<string> = new Set();
  #lostFrom: 'all' | ReadonlySet<string> = new Set();
  #flapMs: number | undefined;
  #down = false;
  #deaf = false;
  #held = 0;
  #unanswered = 0;
  #cut = 0;

  /** @internal */
  constructor(targets: FaultTargets) {
    this.#targets = targets;
  }

  /** Keeps the assignments of accepted jobs back until {@link releaseAssignments}. */
  holdAssignments(): void {
    this.#assignments ??= deferred();
  }

  /** Lets the assignments go that {@link holdAssignments} kept back, and all later ones. */
  releaseAssignments(): void {
    this.#assignments?.resolve();
    this.#assignments = undefined;
  }

  /** Sends each assignment `ms` milliseconds late; 0 for in time. */
  delayAssignments(ms: number): void {
    this.#assignmentDelayMs = ms;
  }

  /** Accepted jobs whose assignment is held or late at this moment. */
  get heldAssignments(): number {
    return this.#held;
  }

  /** Loses what the endpoint sends to workers: messages of these kinds, all when none is named. */
  loseToWorkers(...kinds: readonly ToWorkerKind[]): void {
    this.#lostTo = kinds.length === 0 ? 'all' : new Set(kinds);
  }

  /**
   * Loses what workers send: messages of these kinds, all when none is named. WebSocket pings are
   * answered all the same; for a line that is silent, put `startTcpProxy()` in between.
   */
  loseFromWorkers(...kinds: readonly FromWorkerKind[]): void {
    this.#lostFrom = kinds.length === 0 ? 'all' : new Set(kinds);
  }

  /** Sends one frame that no worker can use to every registered worker. */
  garble(what: BadFrame): void {
    this.#targets.broadcast(badFrame(what));
  }

  /** Cuts every worker's connection `ms` milliseconds after it registered; 0: instead of answering. */
  flap(ms: number): void {
    this.#flapMs = ms;
  }

  /** How many connections {@link flap} has cut. */
  get cutConnections(): number {
    return this.#cut;
  }

  /**
   * Refuses every new connection: of workers, of participants, to the room service. Open ones stay;
   * `dropWorkers()` cuts those of workers.
   */
  down(): void {
    if (this.#down) return;
    this.#down = true;
    this.#targets.pause();
  }

  /** Takes connections again, on the same port. */
  async up(): Promise<void> {
    if (!this.#down) return;
    this.#down = false;
    await this.#targets.listen();
  }

  /** Takes connections of workers and never answers their registrations, also not after {@link heal}. */
  ignoreRegistrations(): void {
    this.#deaf = true;
  }

  /** Registrations that were not answered so far. */
  get unansweredRegistrations(): number {
    return this.#unanswered;
  }

  /** Ends every fault. */
  async heal(): Promise<void> {
    this.releaseAssignments();
    this.delayAssignments(0);
    this.#lostTo = new Set();
    this.#lostFrom = new Set();
    this.#flapMs = undefined;
    this.#deaf = false;
    await this.up();
  }

  /** @internal Nothing waits any longer; a door that is shut stays so. */
  close(): void {
    this.releaseAssignments();
  }

  /** @internal Asked by the endpoint: waits as long as an assignment has to. */
  async beforeAssignment(): Promise<void> {
    if (this.#assignments === undefined && this.#assignmentDelayMs === 0) return;
    this.#held += 1;
    this.#targets.changed();
    const ms = this.#assignmentDelayMs;
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms).unref());
    await this.#assignments?.promise;
    this.#held -= 1;
  }

  /** @internal Asked by the endpoint. */
  losesToWorker(kind: string): boolean {
    return this.#lostTo === 'all' || this.#lostTo.has(kind);
  }

  /** @internal Asked by the endpoint. */
  losesFromWorker(kind: string): boolean {
    return this.#lostFrom === 'all' || this.#lostFrom.has(kind);
  }

  /** @internal Asked by the endpoint: true when a registration is to be ignored, which is counted. */
  ignoresRegistration(): boolean {
    if (!this.#deaf) return false;
    this.#unanswered += 1;
    this.#targets.changed();
    return true;
  }

  /** @internal Asked by the endpoint: after how many milliseconds to cut a registered worker. */
  get flapsAfterMs(): number | undefined {
    return this.#flapMs;
  }

  /** @internal Told by the endpoint. */
  countCut(): void {
    this.#cut += 1;
    this.#targets.changed();
  }
}
