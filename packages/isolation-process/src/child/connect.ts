import type { Channel } from '@openrtc/core/isolation';

/** The channel of a forked process to its parent. `pool.run()` calls it there. */
export default function connect(): Channel {
  if (process.send === undefined) {
    throw new Error('This process was told to run calls, but no worker has started it.');
  }
  // See preload.ts: from here on it has something to wait for.
  process.channel?.ref();
  let sending = Promise.resolve();
  return {
    send(message) {
      if (!process.connected) return;
      sending = new Promise((resolve) => {
        // It fails when the worker is gone, which `disconnect` tells.
        process.send?.(message, undefined, undefined, () => resolve());
      });
    },
    onMessage: (listener) => void process.on('message', listener),
    onClose: (listener) => void process.once('disconnect', () => listener('its worker has let go')),
    close() {
      void sending.then(() => {
        // Not within a message handler: Node 20 crashes there.
        setImmediate(() => {
          if (process.connected) process.disconnect();
        });
      });
    },
  };
}
