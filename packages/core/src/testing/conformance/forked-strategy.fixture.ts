import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { deferred, type Deferred } from '../../deferred.js';
import { OpenRtcError, type PlainError } from '../../errors.js';
import type { HangUp, IsolationHost, IsolationStrategy } from '../../launch/isolation.js';
import type { SessionEvent } from '../../session/session-event.js';
import type { ConformanceScenario } from './conformance-pool.js';

type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'broken'; readonly error: PlainError }
  | { readonly kind: 'event'; readonly eventId: number; readonly event: SessionEvent }
  | { readonly kind: 'ended'; readonly jobId: string; readonly error?: PlainError };

interface Running {
  readonly host: IsolationHost;
  readonly ended: Deferred<void>;
}

const ENTRY = fileURLToPath(new URL('fixtures/call-process.mjs', import.meta.url));

/** A process that runs calls; it lives as long as the tests, because starting one takes a second. */
class CallProcess {
  readonly running = new Map<string, Running>();
  readonly #child: ChildProcess;
  readonly #ready = deferred();

  constructor(scenario: ConformanceScenario) {
    this.#child = fork(ENTRY, {
      env: { ...process.env, SCENARIO: JSON.stringify(scenario) },
      // JSON has no bytes, and a ticket has.
      serialization: 'advanced',
    });
    this.#child.on('message', (answer: Answer) => this.#take(answer));
    this.#child.on('exit', () => this.#lost());
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get alive(): boolean {
    return this.#child.connected;
  }

  send(order: object): void {
    if (this.#child.connected) this.#child.send(order);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #take(answer: Answer): void {
    switch (answer.kind) {
      case 'ready':
        this.#ready.resolve();
        break;
      case 'broken':
        this.#ready.reject(answer.error);
        break;
      case 'event':
        void this.running
          .get(answer.event.jobId)
          ?.host.report(answer.event)
          .finally(() => this.send({ kind: 'taken', eventId: answer.eventId }));
        break;
      case 'ended': {
        const { ended } = this.running.get(answer.jobId) ?? {};
        if (answer.error === undefined) ended?.resolve();
        else ended?.reject(answer.error);
        break;
      }
    }
  }

  #lost(): void {
    const error = new OpenRtcError('ISOLATION_LOST', 'the process that ran the call is gone');
    this.#ready.reject(error);
    for (const { ended } of this.running.values()) ended.reject(error);
  }
}

/** Runs calls in other processes, one for each scenario: what a third party can write with the seam alone. */
export class ForkedStrategies implements Disposable {
  readonly #processes = new Map<string, CallProcess>();

  create(scenario: ConformanceScenario): IsolationStrategy {
    return {
      name: 'forked',
      open: async (host) => {
        await this.#process(scenario).ready;
        return {
          run: async (ticket, signal) => {
            const { jobId } = ticket;
            const child = this.#process(scenario);
            const ended = deferred();
            child.running.set(jobId, { host, ended });
            child.send({ kind: 'run', ticket });
            const hangUp = () =>
              child.send({ kind: 'hang_up', jobId, hangUp: signal.reason as HangUp });
            if (signal.aborted) hangUp();
            signal.addEventListener('abort', hangUp, { once: true });
            try {
              await ended.promise;
            } finally {
              signal.removeEventListener('abort', hangUp);
              child.running.delete(jobId);
            }
          },
          async [Symbol.asyncDispose]() {},
        };
      },
    };
  }

  /** Kills the process of a call. */
  crash(jobId: string): void {
    for (const child of this.#processes.values()) {
      if (child.running.has(jobId)) child.kill();
    }
  }

  [Symbol.dispose](): void {
    for (const child of this.#processes.values()) child.kill();
  }

  #process(scenario: ConformanceScenario): CallProcess {
    const key = JSON.stringify(scenario);
    const known = this.#processes.get(key);
    if (known?.alive === true) return known;
    const child = new CallProcess(scenario);
    this.#processes.set(key, child);
    return child;
  }
}
