import { OpenRtcError } from '../base/errors.js';
import type { Call, Refusal } from '../launch/isolation.js';

/** How many calls a worker takes. */
export interface AdmissionOptions {
  /** Cap on calls reserved and active together; a whole number of at least 1. */
  maxConcurrentSessions: number;
  /** Called after each change, in the same tick. It must not throw. */
  onChange?: () => void;
}

/** A slot taken for one call: from the answer to LiveKit until the call is over or never comes. */
export interface Reservation {
  readonly call: Call;
  /** The call was assigned and begins. Does nothing the second time, or after {@link release}. */
  activate(): void;
  /** Gives the slot back, whether the call ran or not. Does nothing the second time. */
  release(): void;
}

/** Why {@link Admission.reserve} takes no call. */
export interface AdmissionRefusal extends Refusal {
  readonly refused: 'full' | 'draining' | 'duplicate' | 'busy';
}

type Slot = { readonly call: Call; state: 'reserved' | 'active' };

/**
 * Counts calls in and out. A slot is taken in the tick the call is accepted, not when it starts, so
 * a burst of offers cannot pass the cap.
 */
export class Admission {
  readonly max: number;
  readonly #onChange: () => void;
  readonly #slots = new Map<string, Slot>();
  #active = 0;
  #draining = false;
  #paused: string | undefined;
  #waiting: (() => void)[] = [];

  /** @throws CONFIG_INVALID_OPTION when the cap is not a whole number of at least 1. */
  constructor({ maxConcurrentSessions, onChange = () => {} }: AdmissionOptions) {
    if (!Number.isSafeInteger(maxConcurrentSessions) || maxConcurrentSessions < 1) {
      throw new OpenRtcError(
        'CONFIG_INVALID_OPTION',
        `maxConcurrentSessions must be a whole number of at least 1, got ${String(maxConcurrentSessions)}`,
      );
    }
    this.max = maxConcurrentSessions;
    this.#onChange = onChange;
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

  /** Active calls by agent name; agents without one are left out. */
  activeByAgent(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { call, state } of this.#slots.values()) {
      if (state === 'active') counts.set(call.agent, (counts.get(call.agent) ?? 0) + 1);
    }
    return counts;
  }

  /** Takes a slot for `call`, or says why not. */
  reserve(call: Call): Reservation | AdmissionRefusal {
    if (this.#draining)
      return { refused: 'draining', message: 'this worker is draining and takes no new calls' };
    if (this.#slots.has(call.jobId))
      return { refused: 'duplicate', message: `job ${call.jobId} is already taken` };
    if (this.full)
      return {
        refused: 'full',
        message: `all ${this.max} sessions are in use (maxConcurrentSessions)`,
      };
    if (this.#paused !== undefined) return { refused: 'busy', message: this.#paused };
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
