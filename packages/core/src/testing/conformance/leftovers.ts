import { type AsyncHook, createHook } from 'node:async_hooks';

// What keeps a process busy or costs a file descriptor: timers, sockets and pipes, servers, child processes,
// threads and the ports to them, file watchers. By the names of async_hooks.
const WATCHED = new Set([
  'Timeout',
  'TCPWRAP',
  'TCPSERVERWRAP',
  'PIPEWRAP',
  'PIPESERVERWRAP',
  'UDPWRAP',
  'PROCESSWRAP',
  'WORKER',
  'MESSAGEPORT',
  'FSEVENTWRAP',
]);

// Frames of node itself and of the hook below say nothing.
const NO_NEWS = /node:|openedAt|AsyncHook/;
// What the SDK leaves behind when a session closes while its agent speaks (timers of 10 and 15 s), and what the
// test runner opens, no strategy can help.
const NOT_OURS = /[\\/]node_modules[\\/](@livekit|vitest|@vitest|jest)[^\\/]*[\\/]/;

/** Follows what this process opens from now on, to tell what of it was never closed. */
export class Leftovers implements Disposable {
  readonly #open = new Map<number, string>();
  readonly #listeners = listeners();
  readonly #opening: AsyncHook;
  readonly #closing: AsyncHook;

  constructor() {
    this.#opening = createHook({
      init: (id, type) => {
        const where = WATCHED.has(type) ? openedAt() : undefined;
        if (where !== undefined) this.#open.set(id, `a ${type} opened ${where}`);
      },
    }).enable();
    this.#closing = createHook({ destroy: (id) => this.#open.delete(id) }).enable();
  }

  /** What is open now, with the place that opened it; also listeners on `process` that were added. */
  get list(): readonly string[] {
    const added = [...listeners()]
      .filter(([name, count]) => count > (this.#listeners.get(name) ?? 0))
      .map(([name]) => `a listener of process on ${name}`);
    return [...this.#open.values(), ...added];
  }

  /** Does not follow what is opened from now on, e.g. to wait; {@link list} still gets shorter. */
  freeze(): void {
    this.#opening.disable();
  }

  [Symbol.dispose](): void {
    this.#opening.disable();
    this.#closing.disable();
  }
}

function listeners(): ReadonlyMap<string, number> {
  return new Map(
    process.eventNames().map((name) => [String(name), process.listenerCount(name)] as const),
  );
}

/** The code that opens something now; undefined when it is not ours. */
function openedAt(): string | undefined {
  const frame = new Error('opened').stack
    ?.split('\n')
    .slice(1)
    .find((line) => !NO_NEWS.test(line));
  if (frame === undefined) return 'by node itself';
  return NOT_OURS.test(frame) ? undefined : frame.trim();
}
