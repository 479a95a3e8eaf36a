import type { Logger } from '@openrtc/core';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

// Outlives this process by a second, and works for children that are stopped or spin. What it reads are pids:
// one with a + is a child, one with a - has ended by itself.
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
 * Kills the processes of calls when this one is killed. A small shell that reads from us: when we are gone, its
 * input ends. Children end by themselves too, but those that are stuck cannot.
 */
export class OrphanGuard {
  readonly #shell: ChildProcess;
  #broken = false;

  constructor(logger: Logger) {
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT], {
      stdio: ['pipe', 'ignore', 'ignore'],
      // Not in our process group: what kills that must not kill it.
      detached: true,
    });
    const lost = (error: unknown) => {
      if (this.#broken) return;
      this.#broken = true;
      logger.warn(
        { error },
        'nobody would end the processes of calls that are stuck, were this worker killed: its guard, /bin/sh, does not run',
      );
    };
    this.#shell.on('error', lost);
    this.#shell.stdin?.on('error', lost);
    this.#shell.unref();
    (this.#shell.stdin as { unref?: () => void } | null)?.unref?.();
  }

  watch(pid: number): void {
    this.#tell(`+${pid}`);
  }

  /** It has ended: its pid may soon be another's. */
  forget(pid: number): void {
    this.#tell(`-${pid}`);
  }

  /** Nothing is left to watch. */
  async close(): Promise<void> {
    if (this.#broken || this.#shell.exitCode !== null || this.#shell.signalCode !== null) return;
    const ended = once(this.#shell, 'exit');
    this.#shell.ref();
    this.#shell.stdin?.end();
    await ended;
  }

  #tell(line: string): void {
    if (!this.#broken) this.#shell.stdin?.write(`${line}\n`);
  }
}
