import { OpenRtcError } from '../base/errors.js';
import type { Refusal } from '../call/refusal.js';
import type { Call } from '../call/call.js';

/**
 * Decides whether one more call may be taken, in the tick of the answer to LiveKit. Returns why not, or undefined.
 * It counts nothing itself: {@link Admission.count} says what is taken.
 */
export type Gate = (call: Call) => Refusal | undefined;

/** How many calls a worker takes. */
export interface AdmissionOptions {
  /** Cap on calls reserved and active together; a whole number of at least 1. */
  maxConcurrentSessions: number;
  /** Asked in this order after the worker's own gates. */
  gates?: readonly Gate[];
}

/** A slot taken for one call: from the answer to LiveKit until the call is over or never comes. */
export interface Reservation {
  readonly call: Call;
  /** The call was assigned and begins. Does nothing the second time, or after {@link release}. */
  activate(): void;
  /** Gives the slot back, whether the call ran or not. Does nothing the second time. */
  release(): void;
}

type Slot = { readonly call: Call; state: 'reserved' | 'active' };

/**
 * Counts calls in and out. A call is taken when every gate lets it through: the worker is not draining, does not have
 * the job already, has a free slot, and its event loop keeps up; then the gates it was given. A slot is taken in the
 * tick the call is accepted, not when it starts, so a burst of offers cannot pass the cap.
 */
export class Admission {
  readonly max: number;
  readonly #gates: readonly Gate[];
  readonly #slots = new Map<string, Slot>();
  #active = 0;
  #draining = false;
  #paused: string | undefined;
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

  /** Calls that were assigned and are not over. */
  get active(): number {
    return this.#active;
  }

  /** Calls accepted and not assigned yet. */
  get reserved(): number {
    return this.#slots.size - this.#active;
  }

  /** True when the next call would be refused for want of a slot. */
  get full(): boolean {
    return this.#slots.size >= this.max;
  }

  /** True after {@link drain}. */
  get draining(): boolean {
    return this.#draining;
  }

  /** True between {@link pause} and {@link resume}. */
  get paused(): boolean {
    return this.#paused !== undefined;
  }

  /** Calls accepted or active for which `counts` is true: what a gate with a cap of its own asks. */
  count(counts: (call: Call) => boolean): number {
    let taken = 0;
    for (const { call } of this.#slots.values()) if (counts(call)) taken += 1;
    return taken;
  }

  /** Calls `onChange` after each change, in the same tick; it must not throw. Only the last watcher is called. */
  watch(onChange: () => void): void {
    this.#onChange = onChange;
  }

  /** Takes a slot for `call`, or returns the refusal of the first gate that stays closed. */
  reserve(call: Call): Reservation | Refusal {
    for (const gate of this.#gates) {
      const refusal = gate(call);
      if (refusal !== undefined) return refusal;
    }
    const slot: Slot = { call, state: 'reserved' };
    this.#slots.set(call.jobId, slot);
    this.#onChange();
    return { call, activate: () => this.#activate(slot), release: () => this.#release(slot) };
  }

  /** Takes no more calls from now on. Calls that have a slot keep it. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#onChange();
  }

  /** Takes no calls for now, although there are places. Calls that have a slot keep it. */
  pause(why: string): void {
    this.#paused = why;
    this.#onChange();
  }

  /** Takes calls again after {@link pause}. */
  resume(): void {
    if (this.#paused === undefined) return;
    this.#paused = undefined;
    this.#onChange();
  }

  /**
   * Resolves as soon as nothing is reserved or active, right away when that is so now. Unless the
   * worker is draining, the next call may be there by then.
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
    return this.#paused === undefined ? undefined : { refused: 'busy', message: this.#paused };
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

  // By identity: LiveKit may offer a job again after its slot was released, and the old reservation
  // must not reach into the new one.
  #holds(slot: Slot): boolean {
    return this.#slots.get(slot.call.jobId) === slot;
  }
}
