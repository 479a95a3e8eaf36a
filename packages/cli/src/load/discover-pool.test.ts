import { expect, test, vi } from 'vitest';

import { fixture } from '../cli-process.fixture.js';
import * as temporary from '../temporary-folder.js';
import { UsageError } from '../usage-error.js';
import { loadPool, poolPath } from './load-pool.js';

vi.mock(import('../temporary-folder.js'), async (original) => {
  const actual = await original();
  return { ...actual, makeTemporaryFolder: vi.fn(actual.makeTemporaryFolder) };
});

test.each(['agents', 'pools/exports.ts', 'voice/helper.ts'])(
  'without any folder for temporary files that is said once, not for each file: %s',
  async (path) => {
    const none = new UsageError('there is no folder for temporary files');
    vi.mocked(temporary.makeTemporaryFolder).mockImplementation(() => {
      throw none;
    });
    await expect(loadPool(poolPath(fixture(path)))).rejects.toBe(none);
  },
);
