import { type TcpProxy, startTcpProxy } from '@openrtc/core/testing';
import type { Caller } from '@openrtc/test-rig';
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';

import { describeRealCalls, type RealCalls } from './real-calls.js';
import type { WorkerProcess, WorkerSetup } from './worker-process.js';

const BACK_WITHIN_MS = 10_000;
// Longer than a test.
const TALK_MS = 200_000;

/** A worker whose way to LiveKit can be lost, and callers whose way cannot. */
export class LosableLines {
  readonly #real: RealCalls;
  /** Can lose the worker's connection to LiveKit alone. */
  signalling!: TcpProxy;
  /** Can lose everything: in front of the other one. */
  line!: TcpProxy;
  worker!: WorkerProcess;

  constructor(real: RealCalls) {
    this.#real = real;
  }

  async open(): Promise<void> {
    const { hostname: host, port } = new URL(this.#real.server.url);
    this.signalling = await startTcpProxy({ target: { host, port: Number(port) }, only: '/agent' });
    this.line = await startTcpProxy({ target: { host: '127.0.0.1', port: this.signalling.port } });
  }

  heal(): void {
    for (const proxy of [this.signalling, this.line]) proxy.mode = 'pass';
  }

  async close(): Promise<void> {
    await this.line?.close();
    await this.signalling?.close();
  }

  async start(pool: WorkerSetup['pool'] = {}): Promise<void> {
    // Its rooms go through the proxies as well: LiveKit names no URL in an assignment.
    this.worker = await this.#real.startWorker({ agents: 'monologue', pool }, this.line.url());
  }

  call(): Promise<Caller> {
    return this.#real.listen(TALK_MS);
  }

  /** Until the worker is registered, after so many reconnects. */
  async backAgain(reconnects: number): Promise<void> {
    await vi.waitFor(
      async () =>
        expect((await this.worker.snapshot()).livekit).toMatchObject({
          state: 'registered',
          reconnects,
        }),
      { timeout: BACK_WITHIN_MS, interval: 50 },
    );
  }

  async hungUp(calls: readonly Caller[]): Promise<void> {
    await Promise.all(calls.map((caller) => caller.hangUp()));
    for (const { room } of calls)
      expect((await this.worker.ended(room)).outcome.status).toBe('success');
  }
}

/** Tests of a worker behind lines that can be lost; they are healed after each. */
export function describeLostLines(
  title: string,
  tests: (real: RealCalls, lines: LosableLines) => void,
): void {
  describeRealCalls(title, (real) => {
    const lines = new LosableLines(real);
    beforeAll(() => lines.open());
    afterEach(() => lines.heal());
    afterAll(() => lines.close());
    tests(real, lines);
  });
}
