import { OpenRtcError } from '../base/errors.js';
import type { Refusal } from '../call/refusal.js';
import type { Call, MetadataValues } from '../call/call.js';

/**
 * Decides whether the worker takes one more call. Returns the refusal, or undefined. It is called in the tick of the
 * answer to LiveKit. A gate counts nothing itself; it uses {@link Admission.count}.
 */
export type Gate = (call: Call, metadata: MetadataValues) => Refusal | undefined;

/** Why a worker takes no calls for a while: its event loop is late, or its memory is full. */
export type PauseReason = 'lag' | 'memory';

/** Options of {@link Admission}. */
export interface AdmissionOptions {
  /** The maximum number of reserved and active calls together; a whole number of at least 1. */
  maxConcurrentSessions: number;
  /** More gates, asked in this order after the built-in ones. Default: none. */
  gates?: readonly Gate[];
}

/** A reserved slot for one call, from the answer to LiveKit until the call is over or will not come. */
export interface Reservation {
  /** The call. */
  readonly call: Call;
  /** Marks the call as active: it was assigned. Does nothing the second time, or after {@link release}. */
  activate(): void;
  /** Frees the slot, whether the call ran or not. Does nothing the second time. */
  release(): void;
}

type Slot = { readonly call: Call; state: 'reserved' | 'active' };

/**
 * Counts the calls of a worker and limits them. A call is accepted when every gate allows it: the worker is not draining,
 * does not have the job already, has a free slot, and is not paused; then the gates of the options.
 * A slot is reserved in the tick in which the call is accepted, not when it starts, so a burst of offers cannot exceed
 * the cap.
 */
export class Admission {
  /** The maximum number of calls. */
  readonly max: number;
  readonly #gates: readonly Gate[];
  readonly #slots = new Map<string, Slot>();
  #active = 0;
  #draining = false;
  readonly #paused = new Map<PauseReason, string>();
  #waiting: (() => void)[] = [];
  #onChange = () => {};

  /** @throws CONFIG_INVALID_OPTION when the cap is not a whole number of at least 1. */
  constructor({ maxConcurrentSessions, gates = [] }: AdmissionOptions) {
    if (!Number.isSafeInteger(maxConcurrentSessions) || maxConcurrentSessions < 1) {
      throw new OpenRtcError(
        'CONFIG_INVALID_OPTION',
        `maxConcurrentSessions must be a whole number of at least 1, got ${String(maxConcurrentSessions)}`,
      );
    }
    this.max = maxConcurrentSessions;
    this.#gates = [
      () => this.#drainingGate(),
      (call) => this.#duplicateGate(call),
      () => this.#fullGate(),
      () => this.#busyGate(),
      ...gates,
    ];
  }

  /** The number of calls that were assigned and are not over. */
  get active(): number {
    return this.#active;
  }

  /** The number of calls that were accepted and are not assigned yet. */
  get reserved(): number {
    return this.#slots.size - this.#active;
  }

  /** True when there is no free slot. */
  get full(): boolean {
    return this.#slots.size >= this.max;
  }

  /** True after {@link drain}. */
  get draining(): boolean {
    return this.#draining;
  }

  /** True between {@link pause} and {@link resume}. */
  get paused(): boolean {
    return this.#paused.size > 0;
  }

  /** The number of accepted and active calls for which `matches` is true, for gates with their own cap. */
  count(matches: (call: Call) => boolean): number {
    let count = 0;
    for (const { call } of this.#slots.values()) if (matches(call)) count += 1;
    return count;
  }

  /** Calls `onChange` after each change, in the same tick; it must not throw. A second watcher replaces the first. */
  watch(onChange: () => void): void {
    this.#onChange = onChange;
  }

  /** Reserves a slot for `call`, or returns the refusal of the first gate that has one. */
  reserve(call: Call, metadata: MetadataValues = {}): Reservation | Refusal {
    for (const gate of this.#gates) {
      const refusal = gate(call, metadata);
      if (refusal !== undefined) return refusal;
    }
    const slot: Slot = { call, state: 'reserved' };
    this.#slots.set(call.jobId, slot);
    this.#onChange();
    return { call, activate: () => this.#activate(slot), release: () => this.#release(slot) };
  }

  /** Refuses all calls from now on. Calls with a slot keep it. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#onChange();
  }

  /** Refuses calls until {@link resume} with the same reason, with `why` as the message. Calls with a slot keep it. */
  pause(reason: PauseReason, why: string): void {
    this.#paused.set(reason, why);
    this.#onChange();
  }

  /** Accepts calls again after {@link pause}, if no other reason is left. */
  resume(reason: PauseReason): void {
    if (this.#paused.delete(reason)) this.#onChange();
  }

  /**
   * Resolves as soon as no call is reserved or active. Unless the worker is draining, there may be a new call by the time
   * the caller continues.
   */
  idle(): Promise<void> {
    if (this.#slots.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #drainingGate(): Refusal | undefined {
    if (!this.#draining) return undefined;
    return { refused: 'draining', message: 'this worker is draining and takes no new calls' };
  }

  #duplicateGate({ jobId }: Call): Refusal | undefined {
    if (!this.#slots.has(jobId)) return undefined;
    return { refused: 'duplicate', message: `job ${jobId} is already taken` };
  }

  #fullGate(): Refusal | undefined {
    if (!this.full) return undefined;
    return {
      refused: 'full',
      message: `all ${this.max} sessions are in use (maxConcurrentSessions)`,
    };
  }

  #busyGate(): Refusal | undefined {
    const [why] = this.#paused.values();
    return why === undefined ? undefined : { refused: 'busy', message: why };
  }

  #activate(slot: Slot): void {
    if (!this.#holds(slot) || slot.state === 'active') return;
    slot.state = 'active';
    this.#active++;
    this.#onChange();
  }

  #release(slot: Slot): void {
    if (!this.#holds(slot)) return;
    this.#slots.delete(slot.call.jobId);
    if (slot.state === 'active') this.#active--;
    if (this.#slots.size === 0) {
      for (const resolve of this.#waiting.splice(0)) resolve();
    }
    this.#onChange();
  }

  // By identity: LiveKit may offer a job again after its slot was freed, and the old reservation must not change the
  // new one.
  #holds(slot: Slot): boolean {
    return this.#slots.get(slot.call.jobId) === slot;
  }
}
