import { OpenRtcError } from '@openrtc/core';
import {
  type IsolationHost,
  type HangUpSignal,
  type JobTicket,
  RemoteSessions,
} from '@openrtc/core/isolation';
import { type ChildProcess, fork } from 'node:child_process';

import { childChannel } from './child-channel.js';
import type { ChildCommand } from './child-command.js';
import { exitError } from './exit-error.js';
import type { StartGate } from './start-gate.js';
import { StderrTail } from './stderr-tail.js';

// A process that is told to go has nothing left to do but to close what it holds.
const FINISH_MS = 5_000;
// After SIGKILL. It takes longer only while the kernel waits for a device; its calls do not.
const KILLED_MS = 1_000;
// An answer takes a millisecond where nothing is wrong.
const LEASE_MS = 2_000;

export interface CallProcessOptions {
  readonly host: IsolationHost;
  readonly command: ChildCommand;
  readonly startTimeoutMs: number;
  readonly group: string | undefined;
  readonly gate: StartGate;
  readonly onStarted: (pid: number) => void;
  /** It has ended, or will never start. */
  readonly onGone: (process: CallProcess) => void;
}

/** A child that was forked, and what talks to it. */
interface Started {
  readonly child: ChildProcess;
  readonly sessions: RemoteSessions;
  readonly stderr: StderrTail;
}

/** One child process and the calls in it. `starting → ready → closing → gone`, and never back. */
export class CallProcess {
  /** Resolves when it is ready for calls; rejects when it never will be. */
  readonly ready: Promise<void>;
  /** Resolves when the process has ended. */
  readonly gone: Promise<void>;
  /** Calls that run here or are about to. */
  readonly jobIds = new Set<string>();
  /** Whose calls it takes; set by the first of them. */
  group: string | undefined;
  /** By the monotonic clock: since when it has no call. */
  idleSince = performance.now();
  readonly #options: CallProcessOptions;
  #state: 'starting' | 'ready' | 'closing' | 'gone' = 'starting';
  #started: Started | undefined;
  #wanted = true;
  #lostIt = false;
  #why: OpenRtcError | undefined;
  #killTimer: NodeJS.Timeout | undefined;
  #ended!: () => void;

  constructor(options: CallProcessOptions) {
    this.#options = options;
    this.group = options.group;
    this.gone = new Promise((resolve) => (this.#ended = resolve));
    this.ready = this.#start();
    this.ready.catch(() => {});
  }

  /** Undefined as long as others start before it. */
  get pid(): number | undefined {
    return this.#started?.child.pid;
  }

  get state(): 'starting' | 'ready' | 'closing' | 'gone' {
    return this.#state;
  }

  /** False when its start was called off: that it does not come up is then no failure. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** True once it has ended although it was wanted. */
  get lost(): boolean {
    return this.#lostIt;
  }

  /** True while it may be given calls. */
  get open(): boolean {
    return this.#state === 'starting' || this.#state === 'ready';
  }

  /** True while its calls are all that its event loop carries. */
  get busy(): boolean {
    return this.#started?.sessions.busy ?? false;
  }

  /** Waits until it is ready, and asks it: false when it must not be given a call. */
  async takes(): Promise<boolean> {
    try {
      await this.ready;
    } catch {
      // Reported by whoever started it, and the call goes elsewhere.
      return false;
    }
    if ((await this.#started?.sessions.answers(LEASE_MS)) === true) return true;
    this.kill(
      new OpenRtcError('ISOLATION_STUCK', `process ${this.pid} did not answer before its call`),
    );
    return false;
  }

  async run(ticket: JobTicket, signal: HangUpSignal): Promise<void> {
    await this.ready;
    await this.#started?.sessions.run(ticket, signal);
  }

  /** Ends it before it is ready, because it is not needed any more. */
  callOff(): void {
    this.#wanted = false;
    this.kill();
  }

  /** Takes no more calls, and ends when the last is over. */
  finish(): void {
    if (!this.open) return;
    if (this.#state === 'starting' && this.jobIds.size === 0) {
      this.callOff();
      return;
    }
    this.#state = 'closing';
    this.#started?.sessions.finish();
    this.idle();
  }

  /** Its last call is over: a process that should end by itself gets a moment for it. */
  idle(): void {
    this.idleSince = performance.now();
    if (this.#state !== 'closing' || this.jobIds.size > 0) return;
    this.#killTimer ??= setTimeout(() => this.kill(), FINISH_MS);
  }

  /** Ends it now, and its calls with `why`. */
  kill(why?: OpenRtcError): void {
    if (this.#state === 'gone') return;
    this.#why ??= why;
    this.#state = 'closing';
    const started = this.#started;
    if (started === undefined) {
      this.#lost();
      return;
    }
    started.child.kill('SIGKILL');
    // Its calls are over even if the kernel is not yet done with it.
    setTimeout(() => started.sessions.fail(this.#error(null, 'SIGKILL')), KILLED_MS).unref();
  }

  async #start(): Promise<void> {
    const { gate, startTimeoutMs } = this.#options;
    await gate.enter(() => this.jobIds.size > 0);
    let timer: NodeJS.Timeout | undefined;
    try {
      if (this.#state !== 'starting') throw startFailed('it is not needed any more');
      this.#started = this.#fork();
      timer = setTimeout(() => {
        this.kill(
          startFailed(
            `the process was not ready within ${startTimeoutMs} ms (startTimeoutMs): your entry did not call pool.run(), or its prewarm takes longer`,
          ),
        );
      }, startTimeoutMs);
      // What it loads of the worker goes with the worker, not with this process.
      await this.#started.sessions.open(new AbortController().signal);
      if (this.#state === 'starting') this.#state = 'ready';
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
    const child = fork(command.entry, command.args, {
      execArgv: [...command.execArgv],
      env: command.env,
      serialization: 'json',
      // What calls log stands where the worker's own lines stand.
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    if (child.stderr === null) throw startFailed('it has no standard error');
    const stderr = new StderrTail(child.stderr);
    const sessions = new RemoteSessions({
      host,
      channel: childChannel(child),
      onStuck: (error) => this.kill(error),
      onTainted: (error) => {
        host.logger.warn(
          { error, pid: child.pid },
          'an error no call can be blamed for: this process takes no more calls',
        );
        this.finish();
      },
      onOverdue: () => this.finish(),
    });
    // `close` comes after the last of its standard error.
    child.once('close', (code, signal) => this.#lost(code, signal));
    child.once('error', (error) => {
      // It could not be started, so nothing else comes of it.
      if (child.pid !== undefined) return;
      this.#why ??= startFailed(error.message, error);
      this.#lost();
    });
    if (child.pid !== undefined) onStarted(child.pid);
    return { child, sessions, stderr };
  }

  #lost(code: number | null = null, signal: NodeJS.Signals | null = null): void {
    clearTimeout(this.#killTimer);
    const error = this.#error(code, signal);
    this.#lostIt = this.#wanted && this.#wasNeeded();
    this.#state = 'gone';
    this.#started?.sessions.fail(error);
    this.#ended();
    this.#options.onGone(this);
  }

  /** Not told to go, or told to go because of something, or there were calls in it. */
  #wasNeeded(): boolean {
    return this.#state !== 'closing' || this.#why !== undefined || this.jobIds.size > 0;
  }

  #error(code: number | null, signal: NodeJS.Signals | null): OpenRtcError {
    if (this.#why !== undefined) return this.#why;
    const { pid } = this;
    if (this.#state !== 'starting')
      return exitError({ pid, code, signal, stderr: this.#started?.stderr.text ?? '' });
    if (code === 0) return startFailed('your entry ended without having called pool.run()');
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    const said = this.#started?.stderr.reason;
    return startFailed(
      `the process ended ${how} before it was ready${said === undefined ? '' : `: ${said}`}`,
    );
  }
}

function startFailed(what: string, cause?: unknown): OpenRtcError {
  return new OpenRtcError('ISOLATION_START_FAILED', `A process for calls did not start: ${what}.`, {
    cause,
  });
}
