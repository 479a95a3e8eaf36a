import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';

import type { Host } from '../host.js';

/** Somewhere to write where nobody waits. */
export interface Output extends Disposable {
  /** What cannot be taken at this moment is dropped. */
  write(text: string): void;
}

/**
 * Writes to a terminal or a pipe without ever waiting for it: Node's own streams hold the event loop, and with it every
 * call, as long as a terminal is stopped (Ctrl-S) or nobody reads the pipe. Everything else is left to the stream.
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
        // Full, or gone: there is no other place to say so, and it is only a view.
      }
    },
    [Symbol.dispose]: () => closeSync(own),
  };
}

/** The same terminal or pipe, opened once more: that it does not wait is nobody else's business. */
function ownDescriptor(fd: number): number | undefined {
  const { O_APPEND, O_NOCTTY, O_NONBLOCK, O_WRONLY } = constants;
  try {
    // As bigints: of others Node keeps what it saw last, and while that is a pipe `require()` follows no links (Node 20).
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFIFO() && !stat.isCharacterDevice()) return undefined;
    return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK);
  } catch {
    // No Linux, or it belongs to somebody else: the stream it is.
    return undefined;
  }
}
