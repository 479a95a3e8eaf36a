import { OpenRtcError } from '@openrtc/core';
import {
  type CodeChange,
  cpuWaitMs,
  type HangUpSignal,
  type JobTicket,
  type PreparedChange,
  RemoteSessions,
} from '@openrtc/core/isolation';
import type { ChildProcess } from 'node:child_process';

import type { CallProcessOptions } from './call-process-options.js';
import { catchUp } from './catch-up.js';
import { childChannel, forkChild } from './child-channel.js';
import { earlyExitError, exitError, startFailed } from './exit-error.js';
import type { StderrTail } from './stderr-tail.js';

// A process that should end only has to close its resources.
const FINISH_MS = 5_000;
// After SIGKILL. If the kernel waits for a device, the process ends later, but its calls do not wait for it.
const KILLED_MS = 1_000;
// A healthy process answers within a millisecond.
const LEASE_MS = 2_000;

/** A forked child with its channel. */
interface Started {
  readonly child: ChildProcess;
  readonly sessions: RemoteSessions;
  readonly stderr: StderrTail;
}

/** One child process and the calls in it. Its state only moves forward: `starting → ready → closing → gone`. */
export class CallProcess {
  /** Resolves when it is ready for calls; rejects with `ISOLATION_START_FAILED` if it did not start. */
  readonly ready: Promise<void>;
  /** Resolves when the process has ended. */
  readonly gone: Promise<void>;
  /** Job ids of the calls that run here or were placed here. */
  readonly jobIds = new Set<string>();
  /** The group of its calls; set by the first of them. */
  group: string | undefined;
  /** Time since when it has no call, in milliseconds of the monotonic clock. */
  idleSince = performance.now();
  readonly #options: CallProcessOptions;
  #state: 'starting' | 'ready' | 'closing' | 'gone' = 'starting';
  #started: Started | undefined;
  #wanted = true;
  #isLost = false;
  #why: OpenRtcError | undefined;
  #killTimer: NodeJS.Timeout | undefined;
  #ended!: () => void;

  /** Starts the process as soon as the gate allows it. */
  constructor(options: CallProcessOptions) {
    this.#options = options;
    this.group = options.group;
    this.gone = new Promise((resolve) => (this.#ended = resolve));
    this.ready = this.#start();
    this.ready.catch(() => {});
  }

  /** Its process id; undefined while it waits for its start. */
  get pid(): number | undefined {
    return this.#started?.child.pid;
  }

  /** Its current state. */
  get state(): 'starting' | 'ready' | 'closing' | 'gone' {
    return this.#state;
  }

  /** False if its start was cancelled: then it is not a failure that it does not start. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** True once it has ended unexpectedly. */
  get lost(): boolean {
    return this.#isLost;
  }

  /** True while calls can be placed in it. */
  get open(): boolean {
    return this.#state === 'starting' || this.#state === 'ready';
  }

  /** True while its event loop is fully used by the calls it has. */
  get busy(): boolean {
    return this.#started?.sessions.busy ?? false;
  }

  /** Waits until it is ready and checks that it answers. False if no call may run in it. Never rejects. */
  async isUsable(): Promise<boolean> {
    try {
      await this.ready;
    } catch {
      // The starter reports the error, and the call is placed in another process.
      return false;
    }
    if ((await this.#started?.sessions.answers(LEASE_MS)) === true) return true;
    this.kill(
      new OpenRtcError('ISOLATION_STUCK', `process ${this.pid} did not answer before its call`),
    );
    return false;
  }

  /** Runs a call in it. Rejects with the error of the call or of the process. */
  async run(ticket: JobTicket, signal: HangUpSignal): Promise<void> {
    await this.ready;
    await this.#started?.sessions.run(ticket, signal);
  }

  /**
   * Prepares it for new code, once it is ready: one that starts uses the last change before its first call. Undefined when
   * it has ended, or ends without another call.
   * @throws OpenRtcError when it cannot use the code
   */
  async prepareChange(change: CodeChange): Promise<PreparedChange | undefined> {
    try {
      return await this.#started?.sessions.prepareChange(change);
    } catch (error) {
      // Its calls, if it had any, have failed with it.
      if (this.#state === 'gone' || (this.#state === 'closing' && this.jobIds.size === 0))
        return undefined;
      throw error;
    }
  }

  /** Cancels the start, because the process is no longer needed. */
  cancel(): void {
    this.#wanted = false;
    this.kill();
  }

  /** Accepts no more calls, and ends when the last one has ended. */
  finish(): void {
    if (!this.open) return;
    if (this.#state === 'starting' && this.jobIds.size === 0) {
      this.cancel();
      return;
    }
    this.#state = 'closing';
    this.#started?.sessions.finish();
    this.idle();
  }

  /** Called after each call. A closing process without calls gets 5 s to end by itself. */
  idle(): void {
    this.idleSince = performance.now();
    if (this.#state !== 'closing' || this.jobIds.size > 0) return;
    this.#killTimer ??= setTimeout(() => this.kill(), FINISH_MS);
  }

  /** Kills it. Its calls fail with `why`. */
  kill(why?: OpenRtcError): void {
    if (this.#state === 'gone') return;
    this.#why ??= why;
    this.#state = 'closing';
    const started = this.#started;
    if (started === undefined) {
      this.#onEnd();
      return;
    }
    started.child.kill('SIGKILL');
    // Its calls end even if the kernel has not ended the process yet.
    setTimeout(() => started.sessions.fail(this.#error(null, 'SIGKILL')), KILLED_MS).unref();
  }

  async #start(): Promise<void> {
    const { gate, startTimeoutMs } = this.#options;
    await gate.enter(() => this.jobIds.size > 0);
    let timer: NodeJS.Timeout | undefined;
    try {
      if (this.#state !== 'starting') throw startFailed('it is no longer needed');
      this.#started = this.#fork();
      timer = setTimeout(() => {
        this.kill(
          startFailed(
            `the process was not ready within ${startTimeoutMs} ms (startTimeoutMs): your entry did not call pool.run(), or its prewarm takes longer`,
          ),
        );
      }, startTimeoutMs);
      // What it uses of the worker is owned by the worker, not by this process.
      await this.#started.sessions.open(new AbortController().signal);
      await catchUp(this.#started.sessions, this.#options.change, () => {
        if (this.#state === 'starting') this.#state = 'ready';
      });
    } catch (error) {
      this.kill();
      throw error;
    } finally {
      clearTimeout(timer);
      gate.leave();
    }
  }

  #fork(): Started {
    const { host, command, onStarted } = this.#options;
    const { child, stderr } = forkChild(command);
    const sessions = new RemoteSessions({
      host,
      channel: childChannel(child),
      cpuWaitMs: () => (child.pid === undefined ? undefined : cpuWaitMs(child.pid)),
      onStuck: (error) => this.kill(error),
      onTainted: (error) => {
        host.logger.warn(
          { error, pid: child.pid },
          'an error that belongs to no call: this process accepts no more calls',
        );
        this.finish();
      },
      onOverdue: () => this.finish(),
    });
    // `close` comes after the end of its standard error.
    child.once('close', (code, signal) => this.#onEnd(code, signal));
    child.once('error', (error) => {
      // The fork itself failed, so there is no `close` event.
      if (child.pid !== undefined) return;
      this.#why ??= startFailed(error.message, error);
      this.#onEnd();
    });
    if (child.pid !== undefined) onStarted(child.pid);
    return { child, sessions, stderr };
  }

  #onEnd(code: number | null = null, signal: NodeJS.Signals | null = null): void {
    clearTimeout(this.#killTimer);
    const error = this.#error(code, signal);
    this.#isLost = this.#wanted && this.#wasNeeded();
    this.#state = 'gone';
    this.#started?.sessions.fail(error);
    this.#ended();
    this.#options.onGone(this);
  }

  /** True if it was not closing, was killed because of an error, or had calls. */
  #wasNeeded(): boolean {
    return this.#state !== 'closing' || this.#why !== undefined || this.jobIds.size > 0;
  }

  #error(code: number | null, signal: NodeJS.Signals | null): OpenRtcError {
    if (this.#why !== undefined) return this.#why;
    const { pid } = this;
    const stderr = this.#started?.stderr;
    return this.#state === 'starting'
      ? earlyExitError({ code, signal }, stderr?.reason)
      : exitError({ pid, code, signal, stderr: stderr?.text ?? '' });
  }
}
