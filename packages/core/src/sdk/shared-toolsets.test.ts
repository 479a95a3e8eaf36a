import { type JobContext, initializeLogger, llm } from '@livekit/agents';
import { beforeAll, expect, test } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { SessionEnd } from '../call/session-end.js';
import { type CurrentCall, runInCall } from './current-call.js';
import { prepareSdk } from './patches.js';
import { releaseToolsets } from './shared-toolsets.js';

// What toolsets do in calls is tested in session/shared-toolsets.test.ts.

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

const newCall = (jobId: string, logger = new LogBook()): CurrentCall => ({
  jobId,
  agent: 'a',
  tenant: 'default',
  room: 'lobby',
  ctx: {} as JobContext,
  end: new SessionEnd(),
  logger,
});

const setUp = (set: llm.Toolset) => set.setup({ updateTools: () => {} });

/** What the SDK does with the toolsets of an agent in a call. */
async function useIn(call: CurrentCall, make: () => llm.Toolset): Promise<llm.Toolset> {
  return runInCall(call, async () => {
    const context = new llm.ToolContext([make()]);
    const [set] = context.toolsets as [llm.Toolset];
    await setUp(set);
    await set.aclose();
    await releaseToolsets(call);
    return set;
  });
}

test('code that defines a class in each call leaves no more than a few toolsets open', async () => {
  const release = prepareSdk(new LogBook());
  let closed = 0;
  const calls = 40;
  for (let at = 0; at < calls; at += 1)
    await useIn(
      newCall(`AJ_${at}`),
      () =>
        new (class extends llm.Toolset {
          override async aclose(): Promise<void> {
            closed += 1;
          }
        })({ id: 'x', tools: [] }),
    );
  expect(closed).toBe(calls - 32);
  await release();
  expect(closed).toBe(calls);
});

test('a toolset that cannot be closed at the end is logged, and the others are closed', async () => {
  const log = new LogBook();
  const release = prepareSdk(log);
  const closed: string[] = [];
  const call = newCall('AJ_1');
  const broken = llm.Toolset.create({
    id: 'broken',
    tools: [],
    aclose: () => Promise.reject(new Error('stuck')),
  });
  const whole = llm.Toolset.create({
    id: 'whole',
    tools: [],
    aclose: async () => void closed.push('whole'),
  });
  // Constructed outside of calls, after the start of the pool: calls share them as well.
  await useIn(call, () => broken);
  await useIn(call, () => whole);
  expect(closed).toEqual([]);
  await release();
  expect(closed).toEqual(['whole']);
  expect(log.matching('warn', /could not be closed/)).toHaveLength(1);
});

test('what the session of a call has left open is closed with the call', async () => {
  const release = prepareSdk(new LogBook());
  let closed = 0;
  const call = newCall('AJ_1');
  await runInCall(call, async () => {
    const set = llm.Toolset.create({
      id: 'own',
      tools: [],
      aclose: async () => void (closed += 1),
    });
    await setUp(new llm.ToolContext([set]).toolsets[0] as llm.Toolset);
    await releaseToolsets(call);
    expect(closed).toBe(1);
  });
  await release();
  expect(closed).toBe(1);
});

test('a frozen toolset is left as it is, with a warning', async () => {
  const log = new LogBook();
  const release = prepareSdk(log);
  const set = llm.Toolset.create({ id: 'frozen', tools: [] });
  Object.freeze(set);
  await useIn(newCall('AJ_1'), () => set);
  expect(log.matching('warn', /frozen/)).toHaveLength(1);
  await release();
});
