import { afterEach, beforeEach, expect, test } from 'vitest';

import type { ReloadReport } from '../call/reload-report.js';
import type { CodeChanged } from '../settle/session-observer.js';
import { VersionLoader } from '../testing/conformance/conformance-code.js';
import { poolWithCode } from '../testing/conformance/conformance-pool.js';
import type { EmbeddedCall } from '../testing/embedded/embedded-call.js';
import {
  type EmbeddedLiveKit,
  startEmbeddedLiveKit,
} from '../testing/embedded/embedded-livekit.js';
import { AgentPool } from './agent-pool.js';
import { inProcess } from './pool-harness.js';

let livekit: EmbeddedLiveKit;
let pool: AgentPool;
let code: VersionLoader;
let reports: ReloadReport[];
let changes: (CodeChanged & { readonly jobId: string })[];
let lines: string[];
let run: Promise<void>;

beforeEach(async () => {
  livekit = await startEmbeddedLiveKit();
  code = new VersionLoader(true);
  reports = [];
  changes = [];
  lines = [];
  const write = (_fields: object, line: string) => void lines.push(line);
  const logger = { debug() {}, info: write, warn: write, error: write, child: () => logger };
  const { url, apiKey, apiSecret } = livekit;
  pool = poolWithCode(
    {},
    {
      livekit: { url, apiKey, apiSecret },
      isolation: inProcess(),
      logger,
      observers: [
        {
          onReload: (report) => void reports.push(report),
          onCodeChange: ({ jobId }, change) => void changes.push({ jobId, ...change }),
        },
      ],
    },
    code,
  );
  run = pool.run();
  await livekit.until(() => pool.runtimeSnapshot().ready);
});

afterEach(async () => {
  await pool.close();
  await run;
  await livekit[Symbol.asyncDispose]();
});

async function dial(): Promise<EmbeddedCall> {
  const call = await livekit.call({ metadata: { agent: 'versioned' } });
  await call.nextReply();
  return call;
}

test('a reload is told to observers, the log, events and the snapshot', async () => {
  const call = await dial();
  code.file = 'two';
  const report = await pool.reload();
  const renewed = { jobId: call.jobId, result: 'renewed' };
  expect(report).toMatchObject({ outcome: 'applied', generation: 1, calls: [renewed] });
  await livekit.until(() => reports.length > 0);
  expect(reports).toEqual([report]);
  expect(changes).toEqual([{ ...renewed, generation: 1 }]);
  expect(lines).toContainEqual(
    expect.stringMatching(
      /^reload 1: .*versioned\.ts changed, agents have new code: versioned; calls: 1 renewed; \d+ ms$/,
    ),
  );
  const snapshot = pool.runtimeSnapshot();
  expect([snapshot.codeGeneration, snapshot.reloads]).toEqual([1, { applied: 1 }]);
  expect(snapshot.sessions).toMatchObject([{ jobId: call.jobId, generation: 1 }]);
  expect(pool.takeMetricsEvents()).toContainEqual({
    event: 'reload',
    timestamp: expect.any(Number) as number,
    agent: '__openrtc__',
    generation: 1,
    outcome: 'applied',
    files: ['/agents/versioned.ts'],
    agents: ['versioned'],
    notes: [],
    calls: { renewed: 1 },
    durationMs: report.durationMs,
  });
});

test('a reload that is refused is told with its error, and the next good one is applied', async () => {
  const call = await dial();
  code.file = 'broken';
  const refused = await pool.reload();
  expect(refused).toMatchObject({
    outcome: 'refused',
    generation: 0,
    files: ['/agents/versioned.ts'],
    calls: [],
    error: {
      code: 'CONFIG_DISCOVERY',
      message: expect.stringContaining('cannot be constructed') as string,
    },
  });
  expect(await call.say('hello')).toBe('version one');
  expect(pool.runtimeSnapshot()).toMatchObject({ codeGeneration: 0, reloads: { refused: 1 } });
  expect(pool.takeMetricsEvents()).toContainEqual(
    expect.objectContaining({
      outcome: 'refused',
      error: expect.stringMatching(/^CONFIG_DISCOVERY: .*cannot be constructed/) as string,
    }),
  );
  code.file = 'two';
  expect(await pool.reload()).toMatchObject({ outcome: 'applied', generation: 1 });
  expect(await call.say('hello')).toBe('version two');
});

test('without a change nothing happens, and two reloads at once are made one after the other', async () => {
  expect(await pool.reload()).toMatchObject({ outcome: 'unchanged', generation: 0 });
  code.file = 'two';
  const [first, second] = await Promise.all([pool.reload(), pool.reload()]);
  expect([first.outcome, second.outcome]).toEqual(['applied', 'unchanged']);
  expect(pool.runtimeSnapshot().reloads).toEqual({ applied: 1, unchanged: 2 });
});

test('code that is undone in a call is told with its error', async () => {
  const call = await dial();
  code.file = 'failing';
  await pool.reload();
  expect(await call.say('hello')).toBe('version one');
  await livekit.until(() => changes.length === 2);
  expect(changes[1]).toMatchObject({
    jobId: call.jobId,
    generation: 0,
    result: 'undone',
    why: 'llmNode: this version cannot answer',
  });
  expect(pool.runtimeSnapshot()).toMatchObject({
    codeGeneration: 1,
    reloads: { applied: 1, undone: 1 },
    sessions: [{ generation: 0 }],
  });
  expect(pool.takeMetricsEvents()).toContainEqual(
    expect.objectContaining({ event: 'session_reload_undone', jobId: call.jobId, generation: 0 }),
  );
  expect(lines).toContainEqual(expect.stringContaining('failed in its first use, and is undone'));
});

test('a pool that does not run, or was not loaded so, cannot reload', async () => {
  const idle = new AgentPool({ agents: { a: () => Promise.reject(new Error('not built here')) } });
  await expect(idle.reload()).rejects.toMatchObject({ code: 'POOL_STATE' });
});
