import { chmod } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { memoryHost } from '../memory-host.fixture.js';
import { TestFolder } from '../test-folder.fixture.js';
import { findLocalServer } from './find-server.js';
import { joinToken } from './join-token.js';
import { startLocalServer } from './local-server.js';
import { serverPorts } from './ports.js';

let folder: TestFolder;

beforeEach(async () => {
  folder = await TestFolder.create();
});

afterEach(() => folder[Symbol.asyncDispose]());

async function program(path: string, text = '#!/bin/sh\n'): Promise<string> {
  const full = await folder.write(path, text);
  await chmod(full, 0o700);
  return full;
}

test('the chosen livekit-server comes first, then the one on the PATH, then one that was built', async () => {
  const named = await program('named');
  const onPath = await program('bin/livekit-server');
  const built = await program('cache/openrtc/livekit-server-v1/livekit-server');
  const cache = { OPENRTC_CACHE_DIR: folder.of('cache'), PATH: '' };
  const path = { ...cache, PATH: `/nowhere:${folder.of('bin')}` };
  expect(await findLocalServer({ ...path, LIVEKIT_SERVER_BIN: named })).toBe(named);
  expect(await findLocalServer(path)).toBe(onPath);
  expect(await findLocalServer(cache)).toBe(built);
});

test('a chosen livekit-server that does not exist is not replaced', async () => {
  const onPath = await program('bin/livekit-server');
  const env = { PATH: folder.of('bin'), LIVEKIT_SERVER_BIN: `${onPath}-of-yesterday` };
  expect(await findLocalServer(env)).toBeUndefined();
});

test('without a livekit-server it says how to get one', async () => {
  const host = memoryHost({ PATH: '', OPENRTC_CACHE_DIR: folder.path });
  await expect(startLocalServer(host)).rejects.toThrow('livekit-server was not found');
});

test('a livekit-server that ends at once is reported with its output', async () => {
  const binary = await program('server', '#!/bin/sh\necho "config is bad" >&2\nexit 3\n');
  const host = memoryHost({ LIVEKIT_SERVER_BIN: binary });
  await expect(startLocalServer(host)).rejects.toThrow(
    'livekit-server ended before it was ready:\nconfig is bad',
  );
  expect(host.err()).toBe('');
});

test('a port in use is replaced by another', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const ports = await serverPorts({ signal: port, rtcTcp: 0, rtcUdp: 0 });
  expect(ports.signal).not.toBe(port);
  await new Promise((resolve) => taken.close(resolve));
});

test('a token lets one identity join one room', () => {
  const token = joinToken({ apiKey: 'key', apiSecret: 'secret' }, 'me', 'room', 1_000_000);
  const [, claims = ''] = token.split('.');
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toEqual({
    iss: 'key',
    sub: 'me',
    nbf: 940,
    exp: 940 + 6 * 3_600,
    video: { roomJoin: true, room: 'room' },
  });
});
