import type { Channel } from './channel.js';

/** The two ends of a channel inside this process. Messages are delivered as JSON, one tick later. */
export function channelPair(): readonly [Channel, Channel] {
  const [a, b] = [new End(), new End()];
  a.other = b;
  b.other = a;
  return [a, b];
}

class End implements Channel {
  other: End | undefined;
  #open = true;
  #messages: ((message: unknown) => void)[] = [];
  #closes: ((why: string) => void)[] = [];
  readonly #early: unknown[] = [];

  send(message: object): void {
    const text = JSON.stringify(message);
    queueMicrotask(() => this.other?.arrive(JSON.parse(text)));
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#messages.push(listener);
    for (const message of this.#early.splice(0)) listener(message);
  }

  onClose(listener: (why: string) => void): void {
    this.#closes.push(listener);
  }

  close(): void {
    queueMicrotask(() => {
      this.end('closed here');
      this.other?.end('closed there');
    });
  }

  arrive(message: unknown): void {
    if (!this.#open) return;
    if (this.#messages.length === 0) this.#early.push(message);
    for (const listener of this.#messages) listener(message);
  }

  end(why: string): void {
    if (!this.#open) return;
    this.#open = false;
    for (const listener of this.#closes) listener(why);
  }
}
