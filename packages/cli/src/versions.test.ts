import { createRequire } from 'node:module';
import { mkdir, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { TestFolder } from './test-folder.fixture.js';
import { versionText } from './versions.js';

let folder: TestFolder;

beforeEach(async () => {
  folder = await TestFolder.create();
});

afterEach(() => folder[Symbol.asyncDispose]());

const { version } = createRequire(import.meta.url)('@openrtc/cli/package.json') as {
  version: string;
};
const shown = version === '0.0.0' ? '0.0.0 (not a release: built from its source)' : version;

async function install(name: string, manifest: object): Promise<void> {
  const path = folder.of(`node_modules/${name}`);
  await mkdir(path, { recursive: true });
  await writeFile(`${path}/package.json`, JSON.stringify({ name, ...manifest }));
  await writeFile(`${path}/index.js`, 'module.exports = {};');
}

test('the versions are those of the packages that the agents in the folder use', async () => {
  await install('@openrtc/core', {
    version: '3.2.1',
    exports: { '.': { import: './index.js' }, './package.json': './package.json' },
  });
  // As the SDK: it does not export its manifest.
  await install('@livekit/agents', { version: '1.9.7', exports: { '.': './index.js' } });
  await install('@livekit/rtc-node', { version: '0.13.99' });
  expect(versionText(folder.path).split('\n')).toEqual([
    `openrtc ${shown}`,
    '@openrtc/core 3.2.1',
    '@livekit/agents 1.9.7',
    '@livekit/rtc-node 0.13.99',
    `node ${process.versions.node}`,
  ]);
});

test('elsewhere they are those beside the command', () => {
  const lines = versionText(folder.path).split('\n');
  expect(lines[1]).toBe(`@openrtc/core ${shown}`);
  expect(lines[2]).toMatch(/^@livekit\/agents (1\.9\.\d+|is not installed)$/);
});
