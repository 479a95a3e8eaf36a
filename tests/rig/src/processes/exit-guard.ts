import { spawn } from 'node:child_process';
import { killIfAlive } from './kill.js';

/**
 * Kills `pid` when this process ends, however that happens. The 'exit' hook does not run when a signal kills this
 * process, so a shell also waits for the end of a pipe that only this process holds. Returns a function that removes the
 * guard, to be called once the guarded process has ended.
 */
export function guardProcess(pid: number): () => void {
  const kill = (): void => killIfAlive(pid);
  process.once('exit', kill);
  // A process group of its own: Ctrl-C in a terminal must not end the guard before the guarded process.
  const shell = spawn(
    '/bin/sh',
    ['-c', 'while read -r _; do :; done; kill -KILL "$1" 2>/dev/null', 'guard', `${pid}`],
    {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  );
  // Without a POSIX shell, only the 'exit' hook works.
  shell.once('error', () => shell.stdin.destroy());
  return () => {
    process.off('exit', kill);
    // The shell before its pipe, so that it kills nothing: the pid may belong to another process by now.
    shell.kill('SIGKILL');
    shell.stdin.destroy();
  };
}
