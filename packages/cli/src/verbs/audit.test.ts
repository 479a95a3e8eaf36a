import type { AuditEvent } from '@openrtc/core';
import type { EmbeddedLiveKit } from '@openrtc/core/testing';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { type CliProcess, fixture, runCli } from '../cli-process.fixture.js';
import { agentProject, agentSource } from '../load/agent-project.fixture.js';
import type { TestFolder } from '../test-folder.fixture.js';
import { TestWorkers } from '../test-workers.fixture.js';

let workers: TestWorkers;
let livekit: EmbeddedLiveKit;
let folder: TestFolder;

beforeEach(async () => {
  workers = await TestWorkers.create();
  ({ livekit } = workers);
  folder = await agentProject({ 'agents/echo.ts': agentSource('Echo') });
});

afterEach(async () => {
  await workers[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** Starts a worker; resolves when it has registered. */
async function worker(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CliProcess> {
  const cli = workers.start(['start', folder.of('agents'), '--port', '0', ...args], {
    env: { OPENRTC_RUNTIME_DIR: folder.of('run'), ...env },
  });
  await cli.says(/registered with LiveKit/);
  return cli;
}

async function events(path: string): Promise<readonly AuditEvent[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as AuditEvent);
}

test.each(['coroutine', 'process'])(
  '--isolation %s: --audit-file has the run from its start to SIGTERM, and no secret',
  async (where) => {
    const path = folder.of('audit.jsonl');
    const cli = await worker(['--audit-file', path, '--audit-fsync', '--isolation', where]);
    const call = await livekit.call({ joinTimeoutMs: 60_000 });
    await call.nextReply();
    cli.child.kill('SIGTERM');
    await livekit.until((now) => now.workers[0]?.status === 'full');
    call.hangUp();
    expect((await cli.ended).code).toBe(0);
    const { pid } = cli.child;
    expect(await events(path)).toMatchObject([
      {
        seq: 1,
        event: 'worker.started',
        details: {
          pid,
          agents: ['echo'],
          configuration: {
            isolation: where,
            livekit: { url: `${livekit.url}/` },
            audit: [{ file: path, fsync: true }],
          },
        },
      },
      { seq: 2, event: 'worker.registered', details: { again: false } },
      {
        seq: 3,
        event: 'worker.draining',
        actor: 'signal',
        details: { by: 'signal', signal: 'SIGTERM', calls: 'finish', liveCalls: 1 },
      },
      {
        seq: 4,
        event: 'worker.closed',
        result: 'ok',
        details: { how: 'drained', calls: 1, cutCalls: 0, leftCalls: 0 },
      },
    ]);
    expect(await readFile(path, 'utf8')).not.toContain(livekit.apiSecret);
  },
);

test('a second signal is written too; the file goes on with the next worker', async () => {
  const path = folder.of('audit.jsonl');
  const first = await worker(['--audit-file', path]);
  await (await livekit.call({ joinTimeoutMs: 60_000 })).nextReply();
  first.child.kill('SIGINT');
  await livekit.until((now) => now.workers[0]?.status === 'full');
  // Two signals within half a second count as one, see core's process-handlers.
  await sleep(1_000);
  first.child.kill('SIGTERM');
  await first.ended;
  const second = await worker([], { OPENRTC_AUDIT_FILE: path });
  second.child.kill('SIGTERM');
  await second.ended;
  const all = await events(path);
  expect(
    all.flatMap(({ event, details }) =>
      event === 'worker.draining' ? [[details.signal, details.calls]] : [],
    ),
  ).toEqual([
    ['SIGINT', 'finish'],
    ['SIGTERM', 'end'],
    ['SIGTERM', 'finish'],
  ]);
  expect(all).toContainEqual(
    expect.objectContaining({
      event: 'worker.closed',
      details: expect.objectContaining({ how: 'ended', cutCalls: 1 }) as object,
    }),
  );
  expect(new Set(all.map((event) => event.worker)).size).toBe(2);
});

test('a reload: who asked for it', async () => {
  const path = folder.of('audit.jsonl');
  const watched = await worker(['--watch', '--audit-file', path]);
  const reloads = async () =>
    (await events(path)).filter(({ event }) => event.startsWith('reload'));
  const changed = agentSource('Echo').replace("instructions: 'x'", "instructions: 'y'");
  await folder.write('agents/echo.ts', changed);
  await expect
    .poll(reloads, { timeout: 20_000 })
    .toMatchObject([
      { event: 'reload.applied', actor: 'command', details: { by: 'file_change', generation: 1 } },
    ]);
  watched.child.kill('SIGTERM');
  await watched.ended;

  const asked = await worker(['--reloadable', '--audit-file', path]);
  await folder.write('agents/echo.ts', 'a mistake');
  await runCli(['reload'], { env: { OPENRTC_RUNTIME_DIR: folder.of('run') } });
  await expect
    .poll(async () => (await reloads())[1], { timeout: 20_000 })
    .toMatchObject({
      event: 'reload.refused',
      actor: 'command',
      result: 'failed',
      details: {
        by: 'reload_command',
        error: { message: expect.stringContaining('echo.ts') as string },
      },
    });
  asked.child.kill('SIGTERM');
  expect((await asked.ended).code).toBe(0);
});

test('--audit-url gets the same, and its password is in no output', async () => {
  let body = '';
  const authorized = new Set<string | undefined>();
  const server = createServer((request, response) => {
    authorized.add(request.headers.authorization);
    request.on('data', (text: Buffer) => (body += text.toString()));
    request.on('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const password = 'marker-of-a-password-0123456789';
    const cli = await worker([], {
      OPENRTC_AUDIT_URL: `http://me:${password}@127.0.0.1:${port}/audit`,
    });
    cli.child.kill('SIGTERM');
    const { code, stdout, stderr } = await cli.ended;
    expect([code, stderr]).toEqual([0, '']);
    const names = body
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as AuditEvent).event);
    expect(names).toEqual([
      'worker.started',
      'worker.registered',
      'worker.draining',
      'worker.closed',
    ]);
    expect([...authorized]).toEqual([`Basic ${Buffer.from(`me:${password}`).toString('base64')}`]);
    expect(stdout + body).not.toContain(password);
  } finally {
    server.close();
  }
});

test.each<[readonly string[], RegExp]>([
  [['--audit-file', fixture('agents')], /^openrtc: \S+agents cannot be written: EISDIR/],
  [
    ['--audit-file', fixture('agents/menu.txt')],
    /menu\.txt is not written to: it has other content/,
  ],
  [['--audit-fsync'], /--audit-fsync only works with --audit-file/],
  [['--audit-url', 'logs'], /audit\.sink\[0\]\.url must be a URL such as https:/],
])('%j fails the start: %s', async (flags, says) => {
  const { code, stderr } = await workers.start(['start', fixture('javascript'), ...flags]).ended;
  expect(stderr).toMatch(says);
  expect(code).toBe(2);
});
