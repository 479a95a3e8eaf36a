import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cachedServerPath, findLiveKitServer } from './find-server.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openrtc-find-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function program(path: string, script = ''): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

describe('looking for a livekit-server', () => {
  it('takes LIVEKIT_URL first, and asks for its keys', async () => {
    const env = { LIVEKIT_URL: 'wss://example.test', LIVEKIT_SERVER_BIN: '/nowhere' };
    expect(await findLiveKitServer({ env })).toMatchObject({
      available: false,
      reason: expect.stringContaining('LIVEKIT_API_KEY'),
    });
    const keys = { LIVEKIT_API_KEY: 'key', LIVEKIT_API_SECRET: 'secret' };
    expect(await findLiveKitServer({ env: { ...env, ...keys } })).toMatchObject({
      kind: 'external',
      url: 'wss://example.test',
      apiKey: 'key',
    });
  });

  it('then takes LIVEKIT_SERVER_BIN, and says so when it is no program', async () => {
    const path = await program(join(folder, 'my-server'));
    expect(await findLiveKitServer({ env: { LIVEKIT_SERVER_BIN: path } })).toMatchObject({
      path,
      source: 'LIVEKIT_SERVER_BIN',
    });
    expect(
      await findLiveKitServer({ env: { LIVEKIT_SERVER_BIN: folder + '/none' } }),
    ).toMatchObject({ available: false });
  });

  it('then the PATH, then the cache', async () => {
    const env = { PATH: join(folder, 'bin'), OPENRTC_CACHE_DIR: folder };
    const cached = await program(cachedServerPath(env));
    expect(await findLiveKitServer({ env })).toMatchObject({ path: cached, source: 'cache' });
    const onPath = await program(join(folder, 'bin', 'livekit-server'));
    expect(await findLiveKitServer({ env })).toMatchObject({ path: onPath, source: 'PATH' });
  });

  it('says what to do when there is neither a server nor Go', async () => {
    const env = { PATH: folder, OPENRTC_CACHE_DIR: folder };
    expect(await findLiveKitServer({ env })).toMatchObject({
      available: false,
      reason: expect.stringContaining('install Go'),
    });
    expect(await findLiveKitServer({ env, mayBuild: false })).toMatchObject({ available: false });
  });
});
