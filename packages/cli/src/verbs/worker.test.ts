import type { EmbeddedLiveKit } from '@openrtc/core/testing';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { type CliOptions, type CliProcess, bin, fixture, runCli } from '../cli-process.fixture.js';
import { TestWorkers } from '../test-workers.fixture.js';

let workers: TestWorkers;
let livekit: EmbeddedLiveKit;

beforeEach(async () => {
  workers = await TestWorkers.create();
  ({ livekit } = workers);
});

afterEach(() => workers[Symbol.asyncDispose]());

/** Starts a worker; resolves when it has registered. */
async function worker(args: readonly string[], options: CliOptions = {}): Promise<CliProcess> {
  const cli = workers.start(args, options);
  const registered = livekit.until((now) => now.workers.length > 0, 60_000).then(() => true);
  const early = cli.ended.then(({ code, stderr }) => {
    throw new Error(`it ended with ${String(code)}: ${stderr}`);
  });
  // After the registration the test handles its end.
  early.catch(() => {});
  await Promise.race([registered, early]);
  return cli;
}

/** Runs one call, drains the worker during the call, and waits for its process to end. */
async function callAndDrain({ child, ended }: CliProcess, room: string) {
  const call = await livekit.call({ room, joinTimeoutMs: 60_000 });
  const greeting = await call.nextReply();
  child.kill('SIGTERM');
  await livekit.until((now) => now.workers[0]?.status === 'full');
  const reply = await call.say('still there?');
  call.hangUp();
  return { greeting, reply, end: await call.ended, ...(await ended) };
}

test('start takes calls, drains on SIGTERM, and exits 0; its log is JSON', async () => {
  const result = await callAndDrain(await worker(['start', fixture('agents')]), 'restaurant-1');
  expect(result).toMatchObject({
    greeting: 'Today: soup.',
    reply: 'You said: still there?',
    end: { status: 'success' },
    code: 0,
    stderr: '',
  });
  const [, ...lines] = result.stdout.trim().split('\n');
  expect(result.stdout).toMatch(/^support is loaded\n/);
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toContain('a call ended');
});

test('dev writes a readable log', async () => {
  const result = await callAndDrain(await worker(['dev', fixture('pools/exports.ts')]), 'any');
  expect(result).toMatchObject({ greeting: 'I am exported.', code: 0 });
  expect(result.stdout).toMatch(/INFO.*registered with LiveKit/);
});

test('with --isolation process calls run in child processes', async () => {
  const cli = await worker(['start', fixture('agents'), '--isolation', 'process']);
  const result = await callAndDrain(cli, 'support-1');
  expect(result).toMatchObject({
    greeting: 'Loaded: restaurant, support.',
    reply: 'You said: still there?',
    code: 0,
  });
});

test('a module that runs its pool itself continues after the worker has drained', async () => {
  const result = await callAndDrain(await worker(['start', fixture('pools/runs.ts')]), 'any');
  expect(result).toMatchObject({ greeting: 'I run.', code: 0, stderr: 'after run()\n' });
});

test('a module that runs several pools is refused', async () => {
  const { code, stderr } = await runCli(['start', fixture('pools/several.mjs')]);
  expect(stderr).toContain('runs several pools');
  expect(code).toBe(2);
});

test("a user's own entry runs the verb and continues after it", async () => {
  const cli = await worker(['start', '--max-concurrent-sessions', '3'], {
    entry: fixture('pools/main.mjs'),
  });
  const result = await callAndDrain(cli, 'any');
  expect(result).toMatchObject({
    greeting: 'I have my own entry.',
    code: 0,
    stderr: 'after run()\n',
  });
});

test('flags override the code: the URL of LiveKit and the maximum number of calls', async () => {
  const { url, apiKey, apiSecret } = livekit;
  const flags = ['--url', url, '--api-key', apiKey, '--api-secret', apiSecret];
  const cli = workers.startWithout(
    ['start', fixture('pools/exports.ts'), ...flags, '--max-concurrent-sessions', '1'],
    { env: { LIVEKIT_URL: 'ws://127.0.0.1:1' } },
  );
  await livekit.until((now) => now.workers.length > 0, 60_000);
  // Every user can see this in the list of processes.
  const shown = await readFile(`/proc/${cli.child.pid}/cmdline`, 'utf8').catch(() => '');
  expect(shown).not.toContain(apiSecret);
  const call = await livekit.call();
  await livekit.until((now) => now.workers[0]?.status === 'full');
  // If the caller hangs up before the agent joins, the agent waits in an empty room.
  await call.nextReply();
  call.hangUp();
  cli.child.kill('SIGTERM');
  expect(await cli.ended).toMatchObject({ code: 0 });
});

test('a flag limits the memory of the worker, which says what fits', async () => {
  const cli = await worker(['start', fixture('agents'), '--max-memory-mb', '4096']);
  cli.child.kill('SIGTERM');
  const { code, stdout } = await cli.ended;
  expect(code).toBe(0);
  expect(stdout).toMatch(/"limitMb":4096,.*"msg":"memory: about \d+ calls fit"/);
});

test('a second signal ends live calls', async () => {
  const cli = await worker(['start', fixture('agents')]);
  const call = await livekit.call({ room: 'restaurant-1' });
  await call.nextReply();
  cli.child.kill('SIGTERM');
  await livekit.until((now) => now.workers[0]?.status === 'full');
  // Two signals within half a second count as one, see core's process-handlers; a third would kill it.
  await sleep(1_000);
  cli.child.kill('SIGTERM');
  expect(await call.ended).toEqual({ status: 'success', error: '' });
  expect((await cli.ended).code).toBe(0);
});

test.each(['start', 'dev'])(
  '%s without LiveKit options is one line and exit code 2',
  async (verb) => {
    const { code, stderr } = await runCli([verb, fixture('javascript')], {
      env: { PATH: '', LIVEKIT_SERVER_BIN: '/nowhere' },
    });
    expect(stderr).toMatch(
      /^openrtc: Missing LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET: .*\n$/,
    );
    expect(code).toBe(2);
  },
);

test('dev suggests the livekit-server of the machine', async () => {
  const { code, stderr } = await runCli(['dev', fixture('javascript')], {
    env: { LIVEKIT_SERVER_BIN: process.execPath },
  });
  expect(stderr).toContain(`use --local, which starts ${process.execPath}`);
  expect(code).toBe(2);
});

test('a secret that LiveKit rejects is not in the output', async () => {
  const secret = 'a-secret-that-must-not-be-shown-0123456789';
  const { code, stdout, stderr } = await runCli(['start', fixture('javascript')], {
    env: { ...workers.credentials, LIVEKIT_API_SECRET: secret },
  });
  expect(code).toBe(2);
  expect(stderr).toContain('LINK_UNAUTHORIZED');
  expect(stdout + stderr).not.toContain(secret);
  expect(stdout + stderr).not.toMatch(/eyJ[\w-]+\./);
});

test.each([
  [['--memory-limit-mb', '512'], '--memory-limit-mb only works with --isolation process'],
  [['--local', '--url', 'ws://x'], '--local and --url are two different servers'],
])('%j: %s', async (flags, says) => {
  const { code, stderr } = await runCli(['dev', fixture('javascript'), ...flags]);
  expect(stderr).toContain(says);
  expect(code).toBe(2);
});

test('agents that cannot be loaded are reported with the line of the mistake', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'openrtc-broken-'));
  try {
    await symlink(fixture('../../node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(join(folder, 'syntax.ts'), 'export const a = 1;\nexport const = 2;\n');
    await writeFile(join(folder, 'missing.ts'), "import 'a-package-that-is-not-there';\n");
    await writeFile(
      join(folder, 'throws.ts'),
      'type Reason = string;\nconst why: Reason = "no database";\nthrow new Error(why);\n',
    );
    const { code, stderr } = await runCli(['start', folder]);
    expect(stderr).toMatch(/syntax\.ts:2:14: Expected identifier/);
    expect(stderr).toMatch(/missing\.ts:1:8: Cannot find "a-package-that-is-not-there"/);
    expect(stderr).toContain('throws.ts: its import failed: no database');
    expect(code).toBe(2);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.skipIf(process.platform === 'win32')(
  'start refuses code that every user of the machine can change',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'openrtc-open-'));
    try {
      const file = join(folder, 'agent.js');
      await writeFile(file, 'export {};');
      await chmod(file, 0o666);
      const { code, stderr } = await runCli(['start', folder]);
      expect(stderr).toContain(`chmod o-w ${file}`);
      expect(code).toBe(2);
      await chmod(file, 0o600);
      await chmod(folder, 0o777);
      expect((await runCli(['start', folder])).stderr).toContain(`chmod o-w ${folder}\n`);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

test('errors point to the TypeScript source', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'openrtc-mapped-'));
  try {
    const path = join(folder, 'main.ts');
    await symlink(fixture('../../node_modules'), join(folder, 'node_modules'));
    await writeFile(path, 'interface A {\n  b: string;\n}\n\nthrow new Error(String({} as A));\n');
    const { stderr } = await runCli(['start', path]);
    expect(stderr).toContain('main.ts:5:7');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a closed output is not an error', async () => {
  const child = spawn(process.execPath, [bin, 'list', fixture('agents'), '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const [code] = (await once(child, 'close')) as [number];
  expect(stderr).toBe('support is loaded\n');
  expect(code).toBe(0);
});
