import { mkdtempSync, realpathSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { FileWatch } from './watch-files.js';

const PATIENCE = { timeout: 20_000, interval: 20 };

let root: string;
let files: string[];
let changes: boolean[];
let watch: FileWatch;
let hold: Promise<void> | undefined;

const path = (name: string) => join(root, name);

async function start(others: readonly string[] = []): Promise<void> {
  watch = new FileWatch({
    files: () => files,
    isNew: (each) => each.endsWith('.ts'),
    others,
    onChange: async (ofOthers) => {
      changes.push(ofOthers);
      await hold;
    },
    onError: (error) => {
      throw error;
    },
  });
  await watch.ready();
}

/** Until the watch has seen everything that was written before. */
async function changed(times: number): Promise<void> {
  await vi.waitUntil(() => changes.length >= times, PATIENCE);
}

beforeEach(async () => {
  root = mkdtempSync(join(realpathSync(tmpdir()), 'openrtc-watch-'));
  changes = [];
  hold = undefined;
  await mkdir(path('lib'));
  await writeFile(path('a.ts'), '1');
  await writeFile(path('lib/b.ts'), '1');
  files = [path('a.ts'), path('lib/b.ts')];
});

afterEach(async () => {
  await watch[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

test('a write, a save by write-and-rename twice in a row, a new file and a deletion are seen', async () => {
  await start();
  await writeFile(path('lib/b.ts'), '2');
  await changed(1);
  for (const text of ['2', '3']) {
    const before = changes.length;
    await writeFile(path('a.ts.tmp'), text);
    await rename(path('a.ts.tmp'), path('a.ts'));
    await changed(before + 1);
  }
  let before = changes.length;
  await writeFile(path('c.ts'), '1');
  await changed(before + 1);
  before = changes.length;
  await rm(path('lib/b.ts'));
  await changed(before + 1);
  expect(changes).not.toContain(true);
});

test('fifty saves in a row are few changes, and none is missed at the end', async () => {
  await start();
  for (let save = 0; save < 50; save += 1) await writeFile(path('a.ts'), String(save));
  await changed(1);
  await writeFile(path('lib/b.ts'), 'last');
  await changed(2);
  expect(changes.length).toBeLessThan(10);
});

test('changes that come while one is handled are handled after it, once', async () => {
  await start();
  let release = () => {};
  hold = new Promise((resolve) => (release = resolve));
  await writeFile(path('a.ts'), '2');
  await changed(1);
  await writeFile(path('a.ts'), '3');
  await writeFile(path('lib/b.ts'), '3');
  hold = undefined;
  release();
  await changed(2);
});

test('other files in these folders are not reported', async () => {
  await start();
  await writeFile(path('notes.txt'), '1');
  await writeFile(path('a.ts'), '2');
  await changed(1);
  expect(changes).toEqual([false]);
});

test('files that have come since are watched', async () => {
  await start();
  await mkdir(path('late'));
  await writeFile(path('late/d.ts'), '1');
  files.push(path('late/d.ts'));
  watch.follow();
  await vi.waitUntil(async () => {
    await writeFile(path('late/d.ts'), String(Math.random()));
    return changes.length > 0;
  }, PATIENCE);
});

test('a file that comes while files are read, in a folder that is not watched yet, is seen', async () => {
  let read!: () => void;
  hold = new Promise((resolve) => (read = resolve));
  await start();
  await writeFile(path('a.ts'), '2');
  await changed(1);
  files.push(path('late/d.ts'));
  await mkdir(path('late'));
  await writeFile(path('late/d.ts'), '1');
  read();
  await changed(2);
});

test('other files and folders are watched with all that is in them, and reported as such', async () => {
  await mkdir(path('prompts/de'), { recursive: true });
  await writeFile(path('prompts/de/greeting.md'), 'Hallo');
  await start([path('prompts')]);
  await writeFile(path('prompts/de/greeting.md'), 'Guten Tag');
  await changed(1);
  expect(changes).toEqual([true]);
});

test.each(['lib', '.'])(
  'a folder that was deleted and created again is watched: %s',
  async (name) => {
    root = path('project');
    await mkdir(path('lib'), { recursive: true });
    files = [path('a.ts'), path('lib/b.ts')];
    for (const file of files) await writeFile(file, '1');
    await start();
    await rm(path(name), { recursive: true });
    await changed(1);
    await mkdir(path('lib'), { recursive: true });
    for (const file of files) await writeFile(file, '2');
    await changed(2);
    for (const file of files) {
      const before = changes.length;
      await vi.waitUntil(async () => {
        await writeFile(file, String(Math.random()));
        return changes.length > before;
      }, PATIENCE);
    }
  },
);

test.each<[string, boolean]>([
  ['.github-agents', true],
  ['.git2', true],
  ['node_modules_old', true],
  ['node_modules', false],
  ['.git', false],
])('files below a folder %s: watched is %s', async (name, watched) => {
  await mkdir(path(name));
  await writeFile(path(`${name}/c.ts`), '1');
  files = [path(`${name}/c.ts`), path('a.ts')];
  await start();
  await writeFile(path(`${name}/c.ts`), '2');
  if (watched) await changed(1);
  const before = changes.length;
  await writeFile(path('a.ts'), '2');
  await changed(before + 1);
  expect(changes).toHaveLength(before + 1);
});
