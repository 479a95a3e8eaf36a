import type { AgentPool, AgentPoolOptions, ProcessUsage, SessionOutcome } from '@openrtc/core';
import {
  type EmbeddedCall,
  type EmbeddedCallerOptions,
  type EmbeddedLiveKit,
  startEmbeddedLiveKit,
} from '@openrtc/core/testing';
import { type ProcessesOptions, processes } from '@openrtc/isolation-process';
import { vi } from 'vitest';

// @ts-expect-error plain JavaScript, as a process of calls runs it
import { makePool as untyped } from './fixtures/pool.mjs';

const makePool = untyped as (options: AgentPoolOptions) => AgentPool;

const PATIENCE = { timeout: 30_000, interval: 20 };

/** An embedded LiveKit, one pool with real child processes, and what observers were told. */
export class ProcessRig implements AsyncDisposable {
  readonly livekit: EmbeddedLiveKit;
  readonly pool: AgentPool;
  readonly running: Promise<void>;
  readonly outcomes = new Map<string, SessionOutcome>();
  readonly warnings: unknown[] = [];
  readonly log: { readonly level: string; readonly fields: object; readonly message: string }[] =
    [];

  private constructor(
    livekit: EmbeddedLiveKit,
    isolation: ProcessesOptions,
    options: AgentPoolOptions,
  ) {
    this.livekit = livekit;
    const { url, apiKey, apiSecret } = livekit;
    const write = (level: string) => (fields: object, message: string) =>
      void this.log.push({ level, fields, message });
    const logger = {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: () => logger,
    };
    this.pool = makePool({
      livekit: { url, apiKey, apiSecret },
      isolation: processes({ entry: fixture('entry.mjs'), ...isolation }),
      logger,
      observers: [
        {
          onSessionEnd: ({ jobId }, outcome) => void this.outcomes.set(jobId, outcome),
          onMemoryWarning: ({ jobId }, memory) => void this.warnings.push({ jobId, ...memory }),
        },
      ],
      ...options,
    });
    this.running = this.pool.run({ processHandlers: false });
    // A test that expects the run to fail checks that itself.
    this.running.catch(() => {});
  }

  /** Starts the pool. */
  static async begin(
    isolation: ProcessesOptions = {},
    options: AgentPoolOptions = {},
  ): Promise<ProcessRig> {
    return new ProcessRig(await startEmbeddedLiveKit(), isolation, options);
  }

  /** Starts the pool, and waits until it has registered. */
  static async open(
    isolation: ProcessesOptions = {},
    options: AgentPoolOptions = {},
  ): Promise<ProcessRig> {
    const rig = await ProcessRig.begin(isolation, options);
    await Promise.race([
      rig.livekit.until(({ workers }) => workers.length > 0, PATIENCE.timeout),
      rig.running,
    ]);
    return rig;
  }

  /** Calls, and waits for an answer, which has the pid of the call's process. */
  async call(
    options: EmbeddedCallerOptions = {},
  ): Promise<EmbeddedCall & { readonly pid: number }> {
    const call = await this.livekit.call({ joinTimeoutMs: 30_000, ...options });
    return Object.assign(call, { pid: Number(await call.say('pid')) });
  }

  /** Waits until observers are notified of the end of a call, and returns its outcome. */
  ended(jobId: string): Promise<SessionOutcome> {
    return vi.waitFor(() => {
      const outcome = this.outcomes.get(jobId);
      if (outcome === undefined) throw new Error(`job ${jobId} has not ended`);
      return outcome;
    }, PATIENCE);
  }

  /** Waits until the agent of a call is not in any room. */
  async out({ agentIdentity }: EmbeddedCall): Promise<void> {
    await this.until(
      () => !this.livekit.rooms.some(({ identities }) => identities.includes(agentIdentity)),
    );
  }

  processes(): Promise<readonly ProcessUsage[]> {
    return this.pool.processes();
  }

  /** Waits for a process that is ready and has no call, and returns its pid. */
  async waiting(): Promise<number> {
    return vi.waitFor(async () => {
      const idle = (await this.processes()).find(
        ({ state, jobIds }) => state === 'ready' && jobIds.length === 0,
      );
      if (idle === undefined) throw new Error('no process is idle');
      return idle.pid;
    }, PATIENCE);
  }

  async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    await vi.waitFor(async () => {
      if (!(await holds())) throw new Error(`waited in vain for ${holds.toString()}`);
    }, PATIENCE);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([this.pool.close()]);
    await this.livekit.close();
  }
}

export function fixture(name: string): URL {
  return new URL(`fixtures/${name}`, import.meta.url);
}

/** True while there is such a process, a stopped one included. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // ESRCH: there is none.
    return false;
  }
}
