import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';

import type { Host } from '../host.js';

/** An output that never blocks. */
export interface Output extends Disposable {
  /** Writes the text, or drops it when the reader is not ready. */
  write(text: string): void;
}

/**
 * An output to a terminal or a pipe that never waits for it. Node's own streams block the event loop, and so every call,
 * while a terminal is stopped (Ctrl-S) or nothing reads the pipe. Other outputs use the stream.
 */
export function outputTo(stream: Host['stderr']): Output {
  const own = stream.fd === undefined ? undefined : ownDescriptor(stream.fd);
  if (own === undefined)
    return { write: (text) => void stream.write(text), [Symbol.dispose]: () => {} };
  return {
    write: (text) => {
      try {
        writeSync(own, text);
      } catch {
        // The reader is not ready or gone. There is nowhere to report it, and only a view is lost.
      }
    },
    [Symbol.dispose]: () => closeSync(own),
  };
}

/** The same terminal or pipe, opened again, so that only this descriptor is non-blocking. */
function ownDescriptor(fd: number): number | undefined {
  const { O_APPEND, O_NOCTTY, O_NONBLOCK, O_WRONLY } = constants;
  try {
    // With bigints, because Node 20 caches other results, and while the last one is a pipe `require()` follows no links.
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFIFO() && !stat.isCharacterDevice()) return undefined;
    return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK);
  } catch {
    // Not Linux, or it belongs to another user: use the stream.
    return undefined;
  }
}
