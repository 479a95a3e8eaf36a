import type { Channel } from '@openrtc/core/isolation';

/** Opens the channel of a forked process to its worker; called by `pool.run()`. Throws if the process was not forked. */
export default function connect(): Channel {
  if (process.send === undefined) {
    throw new Error('This process should run calls, but it was not started by a worker.');
  }
  // preload.ts has removed the reference: from now on the channel keeps the process alive.
  process.channel?.ref();
  let sending = Promise.resolve();
  return {
    send(message) {
      if (!process.connected) return;
      sending = new Promise((resolve) => {
        // A failure means that the worker has ended, which `disconnect` reports.
        process.send?.(message, undefined, undefined, () => resolve());
      });
    },
    onMessage: (listener) => void process.on('message', listener),
    onClose: (listener) =>
      void process.once('disconnect', () => listener('its worker has disconnected')),
    close() {
      void sending.then(() => {
        // Not within a message handler, where Node 20 crashes.
        setImmediate(() => {
          if (process.connected) process.disconnect();
        });
      });
    },
  };
}
