import type { EmbeddedLiveKit } from '@openrtc/core/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { type CliProcess, type Ended, fixture, runCli } from '../cli-process.fixture.js';
import { agentProject } from '../load/agent-project.fixture.js';
import type { TestFolder } from '../test-folder.fixture.js';
import { TestWorkers } from '../test-workers.fixture.js';
import type { ReloadJson } from './reload/worker-reload.js';

/** An agent that answers with its version. */
const shop = (version: string, constructing = '') => `
import { voice } from '@livekit/agents';
import { EchoLLM } from '@openrtc/core/testing';
export default class Shop extends voice.Agent {
  constructor() {
    super({ instructions: 'x', llm: new EchoLLM() });
    ${constructing}
  }
  async llmNode(): Promise<any> {
    return new ReadableStream({ start(c) { c.enqueue('${version}'); c.close(); } });
  }
}
`;

let folder: TestFolder;
let workers: TestWorkers;
let livekit: EmbeddedLiveKit;

beforeEach(async () => {
  workers = await TestWorkers.create();
  ({ livekit } = workers);
  folder = await agentProject({ 'agents/shop.ts': shop('one') });
});

afterEach(async () => {
  await workers[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

// Workers of other tests run at the same time.
const env = () => ({ OPENRTC_RUNTIME_DIR: folder.of('run') });

/** Starts a worker; resolves when it has registered. */
async function worker(...args: readonly string[]): Promise<CliProcess> {
  const before = livekit.workers.length;
  const cli = workers.start([...args, folder.of('agents')], { env: env() });
  await Promise.race([
    livekit.until((now) => now.workers.length > before, 60_000),
    cli.ended.then(({ stdout, stderr }) => Promise.reject(new Error(stdout + stderr))),
  ]);
  return cli;
}

const reload = (...args: readonly string[]): Promise<Ended> =>
  runCli(['reload', ...args], { env: env() });

const call = () => livekit.call({ metadata: { agent: 'shop' }, joinTimeoutMs: 60_000 });

test.each(['coroutine', 'process'])(
  '--isolation %s: a live call gets new code when it is asked for, and not before',
  async (where) => {
    const { child } = await worker('start', '--reloadable', '--isolation', where);
    const live = await call();
    expect(await live.say('hello')).toBe('one');
    await folder.write('agents/shop.ts', shop('two'));
    expect(await live.say('hello')).toBe('one');

    const { code, stdout, stderr } = await reload();
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      new RegExp(
        `^worker ${child.pid}: reload 1: \\S*agents/shop\\.ts changed, agents have new code: shop; calls: 1 (?:renewed|next_turn); \\d+ ms\\n$`,
      ),
    );
    expect(code).toBe(0);
    expect(await live.say('hello')).toBe('two');
    expect(await (await call()).say('hello')).toBe('two');

    expect(await reload(String(child.pid))).toEqual({
      code: 0,
      stdout: `worker ${child.pid}: the code in use is that of the files\n`,
      stderr: '',
    });
  },
);

test.each<[string, string, RegExp]>([
  ['a syntax error', 'export default class {', /shop\.ts:1:23: Expected identifier/],
  [
    'a constructor that throws',
    shop('two', `throw new Error('no oven');`),
    /the constructor of Shop failed: no oven \(at \S*shop\.ts:7:\d+\)/,
  ],
  [
    'an import that throws',
    `throw new Error('no database');\n${shop('two')}`,
    /no database \(at \S*shop\.ts:1:\d+\)/,
  ],
])('%s is refused with file, line and cause, and fails', async (_what, source, cause) => {
  const { child } = await worker('start', '--reloadable');
  const live = await call();
  expect(await live.say('hello')).toBe('one');
  await folder.write('agents/shop.ts', source);
  const { code, stdout, stderr } = await reload();
  expect(stderr).toMatch(new RegExp(`^openrtc: worker ${child.pid}: nothing has changed: `));
  expect(stderr).toMatch(cause);
  expect(stdout).toBe('');
  expect(code).toBe(1);
  expect(await live.say('hello')).toBe('one');

  await folder.write('agents/shop.ts', shop('three'));
  expect(await reload()).toMatchObject({ code: 0, stderr: '' });
  expect(await live.say('hello')).toBe('three');
});

test('start --watch reloads them when they are saved, too', async () => {
  const { says } = await worker('start', '--watch');
  await folder.write('agents/shop.ts', shop('two'));
  await says(/reload 1: \S*shop\.ts changed/);
  expect(await (await call()).say('hello')).toBe('two');
  expect((await reload()).stdout).toMatch(/: the code in use is that of the files\n$/);
});

test('a note names what could not be done', async () => {
  await folder.write('agents/kiosk.ts', shop('kiosk'));
  await worker('dev', '--no-watch');
  const { rm } = await import('node:fs/promises');
  await rm(folder.of('agents/kiosk.ts'));
  await folder.write('agents/shop.ts', shop('two'));
  const { code, stdout } = await reload();
  expect(stdout).toMatch(
    /: reload 1: .*new code: shop; calls: none; \d+ ms\n {2}\S*kiosk\.ts has no agent "kiosk" any more/,
  );
  expect(code).toBe(0);
});

test('without a worker nothing is reloaded', async () => {
  expect(await reload()).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'openrtc: no worker of this user runs on this machine: start one with openrtc start ./agents --reloadable, or openrtc dev ./agents\n',
  });
});

test('of two workers one is named, or all are reloaded', async () => {
  const [one, other] = [await worker('start', '--reloadable'), await worker('start')];
  const [pid, otherPid] = [one.child.pid ?? 0, other.child.pid ?? 0];
  const unclear = await reload();
  expect(unclear.stderr).toMatch(
    /^openrtc: 2 workers run: name one, as in openrtc reload \d+, or use --all:\n/,
  );
  for (const each of [pid, otherPid])
    expect(unclear.stderr).toContain(`\n  ${each}: openrtc.js, 0 calls, agents shop\n`);
  expect(unclear.code).toBe(2);

  const unknown = await reload('1');
  expect(unknown.stderr).toMatch(/^openrtc: no worker has the process id 1:\n {2}\d+: /);
  expect(unknown.code).toBe(2);
  expect((await reload(String(pid), '--all')).stderr).toContain('contradict each other');

  await folder.write('agents/shop.ts', shop('two'));
  expect(await reload(String(pid))).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(new RegExp(`^worker ${pid}: reload 1: .*\\n$`)),
  });

  const all = await reload('--all');
  expect(all.stdout).toBe(`worker ${pid}: the code in use is that of the files\n`);
  expect(all.stderr).toMatch(
    new RegExp(
      `^openrtc: worker ${otherPid} was not reloaded: .*openrtc start --reloadable.* \\[POOL_STATE\\]\\n$`,
    ),
  );
  expect(all.code).toBe(1);

  await folder.write('agents/shop.ts', shop('three'));
  const json = await reload('--all', '--json');
  const { workers: told, ...head } = JSON.parse(json.stdout) as ReloadJson;
  expect(head).toEqual({ schemaVersion: 1, command: 'reload' });
  expect(new Map(told.map((each) => [each.pid, each]))).toEqual(
    new Map([
      [
        pid,
        expect.objectContaining({
          error: null,
          report: expect.objectContaining({ generation: 2, outcome: 'applied', agents: ['shop'] }),
        }),
      ],
      [
        otherPid,
        expect.objectContaining({
          report: null,
          error: expect.objectContaining({ code: 'POOL_STATE' }),
        }),
      ],
    ]),
  );
  expect(json).toMatchObject({ code: 1, stderr: '' });
});

test.each([
  [['--watch-path', 'x'], '--watch-path only works with --watch'],
  [['--reloadable', '--watch-path', 'x'], '--watch-path only works with --watch'],
])('start with %j: %s', async (flags, says) => {
  const { code, stderr } = await runCli(['start', fixture('javascript'), ...flags]);
  expect(stderr).toContain(says);
  expect(code).toBe(2);
});

test('an entry that loads its agents itself says how they can be reloaded', async () => {
  const { code, stderr } = await runCli(['start', '--reloadable'], {
    entry: fixture('pools/main.mjs'),
  });
  expect(stderr).toMatch(
    /^openrtc: --reloadable needs the command to load your entry: openrtc start \S*main\.mjs --reloadable\n/,
  );
  expect(code).toBe(2);
});
