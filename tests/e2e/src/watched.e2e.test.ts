import type { SessionSnapshot } from '@openrtc/core';
import { readWorkers } from '@openrtc/core/operate';
import type { Caller } from '@openrtc/test-rig';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { bin } from './command-process.js';
import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';
import { TerminalScreen } from './terminal-screen.js';
import type { WorkerProcess } from './worker-process.js';

const PATIENCE = { timeout: 60_000, interval: 250 };

let directory: string;

beforeAll(async () => {
  // Workers of this test alone: others of this user may run on the machine.
  directory = join(await mkdtemp(join(tmpdir(), 'openrtc-e2e-')), 'run');
  vi.stubEnv('OPENRTC_RUNTIME_DIR', directory);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(join(directory, '..'), { recursive: true, force: true });
});

describeRealCalls('workers that are watched', (real) => {
  async function call(): Promise<Caller> {
    const caller = await real.join(roomName('text'), { microphone: false });
    await caller.nextTranscript('agent', { timeoutMs: 60_000 });
    return caller;
  }

  /** The live calls of each worker, as another process of this user sees them. */
  async function seen(): Promise<ReadonlyMap<string, readonly SessionSnapshot[]>> {
    const { workers, problems } = await readWorkers({ directories: [directory] });
    expect(problems).toEqual([]);
    return new Map(
      workers.flatMap(({ report }) =>
        report === undefined ? [] : [[report.snapshot.isolation, report.snapshot.sessions]],
      ),
    );
  }

  /** What `openrtc top` prints where it has no terminal. */
  async function top(): Promise<readonly string[]> {
    const { stdout } = await promisify(execFile)(process.execPath, [bin, 'top', '--once']);
    return stdout.split('\n');
  }

  /** Has the agent of a caller keep its event loop for itself, and waits for its answer. */
  async function block(caller: Caller | undefined): Promise<void> {
    await caller?.sendText('block 1500');
    await caller?.nextTranscript('agent', { timeoutMs: 30_000 });
  }

  /** The same on a terminal, where the call turns slow while somebody looks. */
  async function slowOnScreen(greedy: Caller | undefined, room: string): Promise<void> {
    const screen = new TerminalScreen([process.execPath, bin, 'top'], { columns: 150, rows: 20 });
    try {
      await vi.waitFor(
        async () => expect((await screen.text())[0]).toContain('10 calls'),
        PATIENCE,
      );
      expect(await screen.screen()).toBe('alternate');
      const check = async () => {
        const rows = await screen.text();
        expect(rows[0]).toMatch(/^openrtc top {2}2 workers {2}10 calls {2}1 slow/);
        const slow = rows.filter((row) => row.startsWith('!'));
        expect(slow).toHaveLength(1);
        expect(slow[0]).toContain(room);
        expect(slow[0]).toMatch(/ slow .*blockWhenTold \(agents\.mjs:\d+\)/);
      };
      // The screen has time to show a block before the next: one in 5 s is looked at.
      await vi.waitFor(
        async () => {
          try {
            await check();
          } catch (error) {
            await block(greedy);
            throw error;
          }
        },
        { ...PATIENCE, interval: 2_000 },
      );
      const picture = process.env['OPENRTC_TOP_PICTURE'];
      if (picture !== undefined)
        await writeFile(
          picture,
          await screen.svg('openrtc top: ten calls of two workers, one of them slow'),
        );
      screen.press('q');
      expect(await screen.exited).toBe(0);
      expect(await screen.screen()).toBe('normal');
    } finally {
      await screen.close();
    }
  }

  it(
    'ten calls of two workers are found, and the one that blocks its neighbours is named',
    { timeout: 300_000 },
    async () => {
      const pool = { maxConcurrentSessions: 5, watchdog: { slowMs: 300 } };
      const setup = { agents: 'text', pool } as const;
      await real.startWorker({ ...setup, isolation: 'coroutine' });
      await real.startWorker({ ...setup, isolation: 'processes:5' });
      const callers: Caller[] = [];
      while (callers.length < 10) callers.push(await call());
      const before = await seen();
      expect([...before.keys()].sort((a, b) => a.localeCompare(b))).toEqual([
        'coroutine',
        'process',
      ]);
      for (const [isolation, sessions] of before) {
        expect(sessions).toHaveLength(5);
        const room = sessions[0]?.room ?? '';
        const greedy = callers.find((caller) => caller.room === room);
        // The first may only wake what sees the next.
        await vi.waitFor(async () => {
          await block(greedy);
          const slow = (await seen()).get(isolation)?.find((session) => session.room === room);
          expect(slow).toMatchObject({
            status: 'slow',
            blocks: {
              last: {
                cause: 'code',
                culprit: {
                  function: 'blockWhenTold',
                  file: expect.stringMatching(/agents\.mjs$/),
                  line: expect.any(Number),
                },
              },
            },
          });
          const screen = await top();
          const rooms = screen.filter((line) =>
            callers.some((caller) => line.includes(caller.room)),
          );
          expect(rooms).toHaveLength(10);
          expect(rooms.find((line) => line.includes(room))).toMatch(
            /^! .* slow .*blockWhenTold \(agents\.mjs:\d+\)/,
          );
        }, PATIENCE);
        await slowOnScreen(greedy, room);
        const others = (await seen()).get(isolation)?.filter((session) => session.room !== room);
        expect(others?.map(({ blocks }) => blocks.count)).toEqual([0, 0, 0, 0]);
        expect(others?.map(({ resources }) => resources)).not.toContain(null);
      }
    },
  );

  it('probes and metrics follow a worker from its first call to its last', async () => {
    const worker = await real.startWorker({
      agents: 'text',
      pool: { maxConcurrentSessions: 1, health: { port: 0 } },
    });
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${await portOf(worker)}${path}`);
      return { status: response.status, text: await response.text() };
    };
    expect(await get('/readyz')).toMatchObject({ status: 200 });
    expect(await get('/')).toMatchObject({ status: 200, text: 'OK' });
    const caller = await call();
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      text: expect.stringContaining('full'),
    });
    await caller.sendText('hello');
    await caller.nextTranscript('agent');
    const metrics = (await get('/metrics')).text;
    expect(metrics).toContain('openrtc_sessions_active{agent="text"} 1\n');
    expect(metrics).toContain('openrtc_load 1\n');
    expect(metrics).toMatch(/openrtc_proportional_memory_bytes\{process="worker"\} \d{8,}\n/);
    expect(metrics).not.toContain(caller.room);
    worker.kill('SIGTERM');
    await vi.waitFor(async () => {
      expect((await get('/readyz')).text).toContain('draining');
    }, PATIENCE);
    expect(await get('/healthz')).toMatchObject({ status: 200 });
    await caller.hangUp();
    expect(await worker.exited).toEqual({ code: 0, signal: null });
  });
});

async function portOf(worker: WorkerProcess): Promise<number | undefined> {
  return (await worker.snapshot()).health?.port;
}
