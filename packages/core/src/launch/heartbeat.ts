const BEAT_MS = 1_000;
// A beat that is this late was delayed by this process: the silence may not be the other end's fault.
const LATE_MS = 500;

/** Options of {@link Heartbeat}. */
export interface HeartbeatOptions {
  /** Sends a ping; the other end answers with the same number. */
  readonly ping: (id: number) => void;
  /** How long the other end may be silent before it counts as stuck, in milliseconds. */
  readonly stuckAfterMs: number;
  /** Called once when the other end is stuck, with how long it was silent, in milliseconds. */
  readonly onStuck: (silentMs: number) => void;
}

/**
 * Watches whether the other end of a channel still answers. Silence is the sum of this process's own beats, so time in
 * which this process itself was stopped or blocked does not count.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #pending = new Map<number, (answered: boolean) => void>();
  #timer: NodeJS.Timeout | undefined;
  #lastBeat = 0;
  #silentMs = 0;
  #ids = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** Starts to ping, once a second. */
  start(): void {
    this.#lastBeat = performance.now();
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
  }

  /** Call it when the other end has answered the ping with this number. */
  answered(id: number): void {
    this.#pending.get(id)?.(true);
  }

  /** Sends a ping. Resolves with true when the other end answers within `ms` milliseconds, otherwise with false. */
  async ask(ms: number): Promise<boolean> {
    this.#ids += 1;
    const id = this.#ids;
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<boolean>((resolve) => {
      this.#pending.set(id, resolve);
      timer = setTimeout(() => resolve(false), ms);
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
    if (beat < BEAT_MS + LATE_MS) this.#silentMs += beat;
    if (this.#silentMs > this.#options.stuckAfterMs) {
      this.stop();
      this.#options.onStuck(this.#silentMs);
      return;
    }
    this.#ids += 1;
    this.#options.ping(this.#ids);
  }
}
