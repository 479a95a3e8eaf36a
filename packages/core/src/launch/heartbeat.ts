const BEAT_MS = 1_000;
// A beat that is this late was delayed by this process: the silence may not be the other end's fault.
const LATE_MS = 500;
// A wait for a CPU that is too short to matter.
const SHORT_WAIT_MS = 20;

/** Options of {@link Heartbeat}. */
export interface HeartbeatOptions {
  /** Sends a ping; the other end answers with the same number. */
  readonly ping: (id: number) => void;
  /** How long the other end may be silent before it counts as stuck, in milliseconds. */
  readonly stuckAfterMs: number;
  /** Called once when the other end is stuck, with how long it was silent, in milliseconds. */
  readonly onStuck: (silentMs: number) => void;
  /** How long the other end has waited for a CPU so far, in milliseconds; undefined if unknown. */
  readonly cpuWaitMs?: (() => number | undefined) | undefined;
  /**
   * Called once per silence when it would count as stuck, if it had been given a CPU, with how long it has been silent,
   * in milliseconds.
   */
  readonly onStarved?: (silentMs: number) => void;
}

/**
 * Watches whether the other end of a channel still answers. Silence is the sum of this process's own beats, so time in
 * which this process itself was stopped or blocked does not count; nor does time in which the other end waited for a
 * CPU.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #pending = new Map<number, (answered: boolean) => void>();
  #timer: NodeJS.Timeout | undefined;
  #lastBeat = 0;
  #lastWait = 0;
  #silentMs = 0;
  #starvedMs = 0;
  #starving = false;
  #ids = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** Starts to ping, once a second. */
  start(): void {
    this.#lastBeat = performance.now();
    this.#lastWait = this.#cpuWait();
    this.#timer = setInterval(() => this.#beat(), BEAT_MS).unref();
  }

  /** Stops. Every {@link ask} that still waits resolves with false. */
  stop(): void {
    clearInterval(this.#timer);
    for (const answer of this.#pending.values()) answer(false);
  }

  /** Call it for every message of the other end: any message shows that it is alive. */
  heard(): void {
    this.#silentMs = 0;
    this.#starvedMs = 0;
    this.#starving = false;
  }

  /** Call it when the other end has answered the ping with this number. */
  answered(id: number): void {
    this.#pending.get(id)?.(true);
  }

  /**
   * Sends a ping. Resolves with true when the other end answers within `ms` milliseconds, in which it did not have to
   * wait for a CPU; otherwise with false.
   */
  async ask(ms: number): Promise<boolean> {
    this.#ids += 1;
    const id = this.#ids;
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<boolean>((resolve) => {
      this.#pending.set(id, resolve);
      let waited = this.#cpuWait();
      const onTime = () => {
        const more = this.#cpuWait() - waited;
        waited += more;
        if (more < SHORT_WAIT_MS) resolve(false);
        else timer = setTimeout(onTime, more);
      };
      timer = setTimeout(onTime, ms);
    });
    this.#options.ping(id);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      this.#pending.delete(id);
    }
  }

  #beat(): void {
    const now = performance.now();
    const beat = now - this.#lastBeat;
    this.#lastBeat = now;
    const wait = this.#cpuWait();
    const starved = Math.min(beat, Math.max(0, wait - this.#lastWait));
    this.#lastWait = wait;
    if (beat < BEAT_MS + LATE_MS) {
      this.#silentMs += beat - starved;
      this.#countStarved(starved);
    }
    if (this.#silentMs > this.#options.stuckAfterMs) {
      this.stop();
      this.#options.onStuck(this.#silentMs);
      return;
    }
    this.#ids += 1;
    this.#options.ping(this.#ids);
  }

  /** Reports, once per silence, that the other end would count as stuck if it had been given a CPU. */
  #countStarved(starvedMs: number): void {
    const { stuckAfterMs, onStarved } = this.#options;
    this.#starvedMs += starvedMs;
    const silentMs = this.#silentMs + this.#starvedMs;
    if (this.#starving || silentMs <= stuckAfterMs || this.#silentMs > stuckAfterMs) return;
    this.#starving = true;
    onStarved?.(silentMs);
  }

  #cpuWait(): number {
    return this.#options.cpuWaitMs?.() ?? this.#lastWait;
  }
}
