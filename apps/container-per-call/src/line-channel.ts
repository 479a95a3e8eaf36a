import type { Channel } from '@openrtc/core/isolation';
import type { Socket } from 'node:net';

// A ticket has at most 4 MiB, the limit of LiveKit's frames, and a third more in base64.
const LONGEST_LINE = 8 * 1024 * 1024;

/** One end of a connection with messages as lines of JSON. A line that is not JSON closes it. */
export function lineChannel(socket: Socket): Channel {
  const early: unknown[] = [];
  let listener = (message: unknown): void => void early.push(message);
  let why = 'its connection was closed';
  let rest = '';
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const breakOff = (reason: string) => {
    why = reason;
    socket.destroy();
  };
  socket.setNoDelay().setEncoding('utf8');
  socket.on('error', ({ message }) => (why = message));
  socket.on('data', (text: string) => {
    rest += text;
    if (rest.length > LONGEST_LINE) breakOff('it sent a line without an end');
    if (!text.includes('\n')) return;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (socket.destroyed) return;
      let message: unknown;
      try {
        message = JSON.parse(line);
      } catch {
        return breakOff('it sent a line that is no JSON');
      }
      listener(message);
    }
  });
  return {
    send: (message) => void (socket.writable && socket.write(`${JSON.stringify(message)}\n`)),
    onMessage(next) {
      listener = next;
      for (const message of early.splice(0)) next(message);
    },
    onClose: (told) => void closed.then(() => told(why)),
    close: () => void socket.end(),
  };
}
