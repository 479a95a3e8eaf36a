import type { Logger } from '@openrtc/core';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

// It outlives this process by a second and also kills children that are stopped or spin. Its input are pids: `+` adds
// a child, `-` removes one that has ended.
const SCRIPT = `
trap '' INT TERM HUP
pids=' '
while read -r line; do
  case $line in
    +*) pids="$pids\${line#+} " ;;
    -*) pids="\${pids%% \${line#-} *} \${pids#* \${line#-} }" ;;
  esac
done
[ "$pids" = ' ' ] && exit
sleep 1
kill -9 $pids 2>/dev/null
`;

/**
 * Kills the call processes if the worker is killed. A small shell reads from the worker; when the worker ends, so does
 * its input. Children also end by themselves, but stuck ones cannot.
 */
export class OrphanGuard {
  readonly #shell: ChildProcess;
  #broken = false;

  /** Starts the shell. If that fails, a warning is logged. */
  constructor(logger: Logger) {
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT], {
      stdio: ['pipe', 'ignore', 'ignore'],
      // In its own process group: a signal to the group of the worker must not kill it.
      detached: true,
    });
    const onLost = (error: unknown) => {
      if (this.#broken) return;
      this.#broken = true;
      logger.warn(
        { error },
        'if this worker is killed, stuck call processes will not be ended: the guard process (/bin/sh) does not run',
      );
    };
    this.#shell.on('error', onLost);
    this.#shell.stdin?.on('error', onLost);
    this.#shell.unref();
    (this.#shell.stdin as { unref?: () => void } | null)?.unref?.();
  }

  /** Adds a child. */
  watch(pid: number): void {
    this.#write(`+${pid}`);
  }

  /** Removes a child that has ended, because its pid may be reused. */
  forget(pid: number): void {
    this.#write(`-${pid}`);
  }

  /** Ends the shell. Called when no child is left. */
  async close(): Promise<void> {
    if (this.#broken || this.#shell.exitCode !== null || this.#shell.signalCode !== null) return;
    const ended = once(this.#shell, 'exit');
    this.#shell.ref();
    this.#shell.stdin?.end();
    await ended;
  }

  #write(line: string): void {
    if (!this.#broken) this.#shell.stdin?.write(`${line}\n`);
  }
}
