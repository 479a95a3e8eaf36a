import type {
  CodeChange,
  CodeEvent,
  IsolationHost,
  PreparedChange,
  ProcessCounts,
  Refusal,
} from '@openrtc/core/isolation';
import { availableParallelism } from 'node:os';

import { CallProcess } from './call-process.js';
import { type ChildCommand, childCommand } from './child-command.js';
import type { ResolvedProcesses } from './options.js';
import { OrphanGuard } from './orphan-guard.js';
import { StartBudget } from './start-budget.js';
import { StartGate } from './start-gate.js';

/** The call processes of a worker: starts them, counts them, and ends them. */
export class ProcessFleet {
  readonly #host: IsolationHost;
  readonly #options: ResolvedProcesses;
  readonly #command: ChildCommand;
  readonly #onChange: () => void;
  readonly #processes = new Set<CallProcess>();
  readonly #budget = new StartBudget();
  // One core is left to the live calls.
  readonly #gate = new StartGate(Math.max(1, availableParallelism() - 1));
  readonly #guard: OrphanGuard;
  readonly #onExit = () => this.#killAll();
  #retry: NodeJS.Timeout | undefined;
  #change: CodeChange | undefined;
  #started = 0;
  #lost = 0;
  #closed = false;

  /** @param onChange - called after a process became ready or ended, and when an idle start may be tried again */
  constructor(host: IsolationHost, options: ResolvedProcesses, onChange: () => void) {
    this.#host = host;
    this.#options = options;
    this.#command = childCommand(host.source, options);
    this.#onChange = onChange;
    this.#guard = new OrphanGuard(host.logger);
    // Also covers process.exit() in user code.
    process.on('exit', this.#onExit);
  }

  /** Every process that has not ended. */
  get list(): readonly CallProcess[] {
    return [...this.#processes];
  }

  /** How many processes were started, and how many ended unexpectedly. */
  get counts(): ProcessCounts {
    return { started: this.#started, lost: this.#lost };
  }

  /** Starts a process. Its `ready` rejects if it does not start; that is also logged. */
  start(group: string | undefined): CallProcess {
    const child = new CallProcess({
      host: this.#host,
      command: this.#command,
      startTimeoutMs: this.#options.startTimeoutMs,
      group,
      change: () => this.#change,
      gate: this.#gate,
      onStarted: (pid) => {
        this.#started += 1;
        this.#guard.watch(pid);
      },
      onGone: (gone) => this.#forget(gone),
    });
    this.#processes.add(child);
    child.ready.then(
      () => {
        this.#budget.succeeded();
        this.#onChange();
      },
      (error: Error) => {
        if (this.#closed || !child.wanted) return;
        this.#budget.failed(error);
        this.#host.logger.error({ error, pid: child.pid }, error.message);
      },
    );
    return child;
  }

  /** Starts a process for a call, or refuses the call while starts fail. */
  startFor(group: string | undefined): CallProcess | Refusal {
    const { exhausted, waitMs } = this.#budget;
    if (exhausted !== undefined || waitMs > 0)
      return {
        refused: 'isolation',
        message: `no process is ready, and the last one did not start: ${exhausted?.message ?? 'the next start is tried soon'}`,
      };
    return this.start(group);
  }

  /** Starts a process that waits for calls, now or when the next start is allowed. */
  startIdle(): void {
    const { waitMs } = this.#budget;
    if (waitMs === 0) {
      this.start(undefined);
      return;
    }
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#onChange(), waitMs).unref();
  }

  /** Prepares every process for new code; see {@link Isolation.prepareChange}. */
  async prepareChange(change: CodeChange): Promise<PreparedChange> {
    const asked = this.#reachable;
    const prepared = await Promise.all(asked.map((child) => child.prepareChange(change)));
    return {
      commit: async () => {
        this.#change = change;
        // Those that became ready meanwhile did so with the code before.
        const late = this.#reachable.filter((child) => !asked.includes(child));
        const events = await Promise.all([
          ...asked.map((child, index) => this.#use(child, async () => prepared[index])),
          ...late.map((child) => this.#use(child, () => child.prepareChange(change))),
        ]);
        return events.flat();
      },
    };
  }

  /** The processes that run code of the agents, or are about to. One that starts catches up by itself. */
  get #reachable(): readonly CallProcess[] {
    return this.list.filter(({ state }) => state === 'ready' || state === 'closing');
  }

  /** Lets every process end after its last call, and waits for that. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    const all = this.list;
    for (const child of all) child.finish();
    await Promise.all(all.map(({ gone }) => gone));
  }

  /** Ends the guard. Must follow {@link close}. */
  async release(): Promise<void> {
    await this.#guard.close();
    process.off('exit', this.#onExit);
  }

  /** Uses new code in a process. One that cannot would run later calls on code that the worker has left: it ends. */
  async #use(
    child: CallProcess,
    prepare: () => Promise<PreparedChange | undefined>,
  ): Promise<readonly CodeEvent[]> {
    try {
      return (await (await prepare())?.commit()) ?? [];
    } catch (error) {
      // The end of a process is reported by itself.
      if (child.state === 'gone') return [];
      this.#host.logger.warn(
        { error, pid: child.pid },
        'a process cannot use the new code of the agents: it gets no more calls',
      );
      child.finish();
      return [];
    }
  }

  #forget(child: CallProcess): void {
    if (this.#processes.delete(child) && child.lost) this.#lost += 1;
    if (child.pid !== undefined) this.#guard.forget(child.pid);
    this.#onChange();
  }

  #killAll(): void {
    for (const child of this.#processes) child.kill();
  }
}
