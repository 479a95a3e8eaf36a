import type { Channel } from '@openrtc/core/isolation';
import { type ChildProcess, fork } from 'node:child_process';

import type { ChildCommand } from './child-command.js';
import { startFailed } from './exit-error.js';
import { StderrTail } from './stderr-tail.js';

/** The worker's end of the channel to a forked process. Messages to a process that has ended are dropped. */
export function childChannel(child: ChildProcess): Channel {
  return {
    // Errors are ignored: a process that has ended is reported by its `close` event.
    send: (message) => void (child.connected && child.send(message, () => {})),
    onMessage: (listener) => void child.on('message', listener),
    // CallProcess reports how the process ended, which says more than a closed channel.
    onClose: () => {},
    close: () => void (child.connected && child.disconnect()),
  };
}

/** Forks a call process. Throws `ISOLATION_START_FAILED` if it has no standard error. */
export function forkChild(command: ChildCommand): {
  readonly child: ChildProcess;
  readonly stderr: StderrTail;
} {
  const child = fork(command.entry, command.args, {
    execArgv: [...command.execArgv],
    env: command.env,
    serialization: 'json',
    // Calls log to the same place as the worker.
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  if (child.stderr === null) throw startFailed('it has no standard error');
  return { child, stderr: new StderrTail(child.stderr) };
}
