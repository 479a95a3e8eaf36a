import { mkdir } from 'node:fs/promises';
import { type Server, type Socket, createServer } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { TestFolder } from '../test-folder.fixture.js';
import { TestTerminal } from '../live/terminal.fixture.js';
import type { TopJson } from '../live/top/top-json.js';
import { call, report, tenCalls } from '../live/top/workers.fixture.js';
import { memoryHost } from '../memory-host.fixture.js';
import { run } from './top.js';

let folder: TestFolder;
let directory: string;
const workers: TestWorker[] = [];

/** A server that answers like a worker while `answers` is true. */
class TestWorker {
  answers = true;
  /** The number of requests. */
  asked = 0;
  report: object;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();

  private constructor(told: object) {
    this.report = told;
    this.#server = createServer((client) => {
      this.asked += 1;
      this.#clients.add(client.on('error', () => {}));
      if (this.answers) client.end(`${JSON.stringify(this.report)}\n`);
    });
  }

  static async start(told: object, name: string): Promise<TestWorker> {
    const worker = new TestWorker(told);
    await new Promise<void>((resolve) => worker.#server.listen(`${directory}/${name}`, resolve));
    workers.push(worker);
    return worker;
  }

  async end(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const client of this.#clients) client.destroy();
    await closed;
  }
}

const [one, other] = tenCalls();

beforeEach(async () => {
  folder = await TestFolder.create();
  directory = folder.of('run');
  await mkdir(directory, { mode: 0o700 });
  vi.stubEnv('OPENRTC_RUNTIME_DIR', directory);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const worker of workers.splice(0)) await worker.end();
  await folder[Symbol.asyncDispose]();
});

async function twoWorkers(): Promise<readonly [TestWorker, TestWorker]> {
  return [
    await TestWorker.start(one?.report ?? {}, '100-aa.sock'),
    await TestWorker.start(other?.report ?? {}, '200-bb.sock'),
  ];
}

test('the matching calls of all workers as JSON, in the chosen order', async () => {
  await twoWorkers();
  const host = memoryHost();
  expect(await run({ flags: { json: true, sort: 'cpu', filter: 'acme' }, host })).toBe(0);
  const document = JSON.parse(host.out()) as TopJson;
  expect(document).toMatchObject({ schemaVersion: 1, command: 'top', problems: [] });
  expect(document.workers.map(({ pid, state }) => [pid, state])).toEqual([
    [100, 'live'],
    [200, 'live'],
  ]);
  expect(document.calls.map(({ room }) => room)).toEqual(
    [10, 9, 8, 7, 6].map((number) => `room-${number}`),
  );
  expect(host.err()).toBe('');
});

test('without a terminal it prints once, as text, and cuts nothing', async () => {
  await twoWorkers();
  const host = memoryHost();
  expect(await run({ flags: {}, host })).toBe(0);
  const lines = host.out().split('\n');
  expect(lines[0]).toContain('2 workers  10 calls  1 slow');
  expect(lines.find((line) => line.startsWith('!'))).toMatch(/room-3 .* lookUp \(tools\.js:12\)/);
  expect(host.out()).not.toContain('\u001B');
});

test('a worker that has not been polled before is polled twice, to measure CPU in between', async () => {
  const resources = { pid: 1, memoryBytes: 1, cpuPercent: null, basis: 'own' } as const;
  const worker = await TestWorker.start(report([call({ resources })]), '1-aa.sock');
  await run({ flags: { once: true }, host: memoryHost() });
  expect(worker.asked).toBe(2);
});

test('without a worker there is nothing to show, and the exit code is 1', async () => {
  const host = memoryHost();
  expect(await run({ flags: {}, host })).toBe(1);
  expect(host.out()).toContain('No worker of this user runs on this machine.');
  const json = memoryHost();
  expect(await run({ flags: { json: true }, host: json })).toBe(1);
  expect(JSON.parse(json.out())).toMatchObject({ workers: [], calls: [] });
});

test('live: workers hang, answer again and end; keys filter the calls', async () => {
  const [first, second] = await twoWorkers();
  const terminal = new TestTerminal({ columns: 160, rows: 24 });
  const ended = run({ flags: { refresh: 50 }, host: terminal });
  const screen = async () => (await terminal.text()).join('\n');
  const shows = (pattern: RegExp) =>
    vi.waitFor(async () => expect(await screen()).toMatch(pattern), { timeout: 30_000 });
  await shows(/2 workers {2}10 calls {2}1 slow/);
  first.answers = false;
  await shows(/worker 100 does not answer/);
  await shows(/\? {2}sales .* room-3 .* silent/);
  first.answers = true;
  await shows(/worker 100 {2}main\.js/);
  await second.end();
  await shows(/worker 200 is gone[^]*1 worker|1 worker[^]*worker 200 is gone/);
  expect(await screen()).not.toContain('support');
  terminal.press('/room-3\r');
  await shows(/filter: room-3 \(1 of 5\)/);
  first.report = report([call({ room: 'room-3', status: 'active', jobId: 'AJ_new' })]);
  await shows(/AJ_new/);
  terminal.press('q');
  expect(await ended).toBe(0);
  expect(await terminal.modes()).toMatchObject({ screen: 'normal', wraps: true });
});

test('a listener that is not a worker is reported', async () => {
  await TestWorker.start({ schemaVersion: 9 }, '7-cc.sock');
  const host = memoryHost();
  expect(await run({ flags: { once: true }, host })).toBe(0);
  expect(host.out()).toMatch(/worker 7 does not answer, .* another version of OpenRTC/);
});
