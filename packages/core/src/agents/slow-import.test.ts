import { tmpdir } from 'node:os';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { deferred } from '../base/deferred.js';
import { type AgentImporter, discoverAgents } from './discover.js';
import { ModuleFolder } from './files.fixture.js';

let folder: ModuleFolder;

beforeEach(async () => {
  folder = await ModuleFolder.of({ 'a.js': '', 'b.js': '' }, tmpdir());
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(async () => {
  vi.useRealTimers();
  await folder[Symbol.asyncDispose]();
});

/** Begins to discover a file; resolves when its import has begun. */
async function begun(imported: Promise<unknown>, waitedFor?: AgentImporter['waitedFor']) {
  const importing = deferred();
  const warnings: string[] = [];
  const importer: AgentImporter = {
    importModule: () => {
      importing.resolve();
      return imported;
    },
    waitedFor,
  };
  const warn = (text: string) => void warnings.push(text);
  const failure = discoverAgents(folder.of('a.js'), { importer, warn }).then(
    () => expect.fail('it ended'),
    (error: Error) => error.message,
  );
  await importing.promise;
  return { warnings, failure };
}

const never = new Promise(() => {});

test('a file whose import waits is named after three seconds', async () => {
  const { warnings, failure } = await begun(never);
  await vi.advanceTimersByTimeAsync(2_999);
  expect(warnings).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(warnings).toEqual([
    `the import of ${folder.of('a.js')} is not done after 3 s: something at the top level waits`,
  ]);
  await vi.advanceTimersByTimeAsync(27_000);
  expect(await failure).toContain('a.js: its import did not finish within 30000 ms: something at');
  expect(warnings).toHaveLength(1);
});

test('the file deeper down that it waits for is named, in the warning and in the error', async () => {
  const reason = `something at the top level of ${folder.of('lib/db.js')} waits`;
  const { warnings, failure } = await begun(never, async () => [folder.of('lib/db.js')]);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(warnings).toEqual([`the import of ${folder.of('a.js')} is not done after 3 s: ${reason}`]);
  await vi.advanceTimersByTimeAsync(27_000);
  expect(await failure).toContain(`a.js: its import did not finish within 30000 ms: ${reason}`);
});

test('an import that ends while it is looked at is not warned of', async () => {
  const imported = deferred();
  const looked = deferred();
  const { warnings, failure } = await begun(imported.promise, async (path) => {
    await looked.promise;
    return [path];
  });
  await vi.advanceTimersByTimeAsync(3_000);
  imported.resolve();
  expect(await failure).toContain('it exports no agent class');
  looked.resolve();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(warnings).toEqual([]);
});
