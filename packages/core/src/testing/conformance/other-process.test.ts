import { afterAll, beforeAll, describe, it, vi } from 'vitest';

import { ForkedStrategies } from './forked-strategy.fixture.js';
import { describeIsolation } from './isolation-suite.js';

vi.setConfig({ testTimeout: 30_000 });

const forked = new ForkedStrategies();
beforeAll(async () => {
  // Loads the SDK once, before the first case.
  await forked.create({}).open({} as Parameters<ReturnType<typeof forked.create>['open']>[0]);
}, 30_000);
afterAll(() => forked[Symbol.dispose]());

describeIsolation({
  describe,
  it,
  createStrategy: (scenario) => forked.create(scenario),
  crash: (jobId) => forked.crash(jobId),
});
