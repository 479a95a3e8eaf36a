const BEAT_MS = 1_000;
// A beat that comes this late was held up here: then the other side may not be to blame for its silence.
const LATE_MS = 500;

export interface HeartbeatOptions {
  /** Asks the other side for an answer with this number. */
  readonly ping: (id: number) => void;
  readonly stuckAfterMs: number;
  /** Called once. */
  readonly onStuck: (silentMs: number) => void;
}

/**
 * Watches whether the other end of a channel still answers. Silence counts in beats of its own, so that
 * the time in which this process itself was stopped or blocked is nobody's fault.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #asked = new Map<number, (answers: boolean) => void>();
  #timer: NodeJS.Timeout | undefined;
  #lastBeat = 0;
  #silentMs = 0;
  #ids = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(): void {
    this.#lastBeat = performance.now();
    this.#timer = setInterval(() => this.#beat(), BEAT_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const answer of this.#asked.values()) answer(false);
  }

  /** The other side said something. */
  heard(): void {
    this.#silentMs = 0;
  }

  /** It answered a ping. */
  answered(id: number): void {
    this.#asked.get(id)?.(true);
  }

  /** True when it answers within `ms`. */
  async ask(ms: number): Promise<boolean> {
    this.#ids += 1;
    const id = this.#ids;
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<boolean>((resolve) => {
      this.#asked.set(id, resolve);
      timer = setTimeout(() => resolve(false), ms);
    });
    this.#options.ping(id);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      this.#asked.delete(id);
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
