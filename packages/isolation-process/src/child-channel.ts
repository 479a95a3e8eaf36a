import type { Channel } from '@openrtc/core/isolation';
import type { ChildProcess } from 'node:child_process';

/** The worker's end of the channel to a forked process. */
export function childChannel(child: ChildProcess): Channel {
  return {
    // What does not arrive any more is told by the process's `exit`.
    send: (message) => void (child.connected && child.send(message, () => {})),
    onMessage: (listener) => void child.on('message', listener),
    // How it ended is worth more than that its channel closed: see CallProcess.
    onClose: () => {},
    close: () => void (child.connected && child.disconnect()),
  };
}
