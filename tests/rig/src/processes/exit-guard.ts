import { spawn } from 'node:child_process';
import { killIfAlive } from './kill.js';

/**
 * Kills `pid` when this process ends, however it ends. The 'exit' hook does not run when this process is killed
 * by a signal, so a shell besides waits for the end of a pipe that only this process holds.
 * Returns the function that lets go of the process, to be called once it has ended.
 */
export function guardProcess(pid: number): () => void {
  const kill = (): void => killIfAlive(pid);
  process.once('exit', kill);
  // A group of its own: Ctrl-C on a terminal must not take the guard before what it guards.
  const shell = spawn(
    '/bin/sh',
    ['-c', 'while read -r _; do :; done; kill -KILL "$1" 2>/dev/null', 'guard', `${pid}`],
    {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  );
  // Without a POSIX shell the 'exit' hook alone has to do.
  shell.once('error', () => shell.stdin.destroy());
  return () => {
    process.off('exit', kill);
    // First the shell, then its pipe: the pid may belong to somebody else by now.
    shell.kill('SIGKILL');
    shell.stdin.destroy();
  };
}
