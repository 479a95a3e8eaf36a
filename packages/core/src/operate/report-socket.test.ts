import { chmod, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Server, createConnection, createServer } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { TestFolder } from './files.fixture.js';
import { readWorkers } from './read-workers.js';
import { ReportSocket } from './report-socket.js';
import { runtimeDirectories } from './runtime-directory.js';
import type { WorkerReport } from './worker-report.js';

let folder: TestFolder;
let directory: string;
let log: LogBook;
const open: (ReportSocket | Server)[] = [];

const report = (entry: string) =>
  ({
    schemaVersion: 1,
    worker: { pid: process.pid, entry },
    machine: { loadAverage: [0, 0, 0] },
    snapshot: { sessions: [] },
    processes: [],
  }) as unknown as WorkerReport;

async function worker(entry: string): Promise<ReportSocket> {
  const socket = await ReportSocket.listen(async () => report(entry), log);
  if (socket === undefined) throw new Error('no socket');
  open.push(socket);
  return socket;
}

/** Listens like a worker, and answers as the test wants. */
async function impostor(name: string, says: string | undefined): Promise<void> {
  const server = createServer((client) => {
    client.on('error', () => {});
    if (says !== undefined) client.end(says);
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(`${directory}/${name}`, resolve));
}

const read = (timeoutMs = 5_000) => readWorkers({ directories: [directory], timeoutMs });

beforeEach(async () => {
  folder = await TestFolder.make();
  directory = folder.of('run');
  log = new LogBook();
  vi.stubEnv('OPENRTC_RUNTIME_DIR', directory);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const each of open.splice(0))
    if (each instanceof ReportSocket) await each[Symbol.asyncDispose]();
    else each.close();
  await folder[Symbol.asyncDispose]();
});

test('every worker of a user is found, and none replaces another', async () => {
  await worker('a.js');
  await worker('b.js');
  const { workers, problems } = await read();
  expect(new Set(workers.map((each) => each.report?.worker.entry))).toEqual(
    new Set(['a.js', 'b.js']),
  );
  expect(problems).toEqual([]);
});

test('only this user can access directory and socket', async () => {
  const { path } = await worker('a.js');
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('a worker that has ended leaves no socket', async () => {
  const one = await worker('a.js');
  await one[Symbol.asyncDispose]();
  expect(await readdir(directory)).toEqual([]);
  expect((await read()).workers).toEqual([]);
});

test('the socket of a killed worker does not keep require() from following links', async () => {
  // A package that is linked as package managers do it.
  await mkdir(folder.of('store/linked'), { recursive: true });
  await mkdir(folder.of('node_modules'));
  await writeFile(folder.of('store/linked/index.js'), '');
  await writeFile(folder.of('plain.js'), '');
  await symlink(folder.of('store/linked'), folder.of('node_modules/linked'));
  await mkdir(directory, { mode: 0o700 });
  await dead(`${directory}/4000000-deadbeef.sock`);
  const entry = createRequire(folder.of('entry.js'));
  // Now Node has cached the directories.
  entry.resolve('./plain.js');
  await worker('a.js');
  expect(entry.resolve('linked')).toBe(folder.of('store/linked/index.js'));
});

test('the socket of a killed worker is ignored, and removed by the next worker', async () => {
  await mkdir(directory, { mode: 0o700 });
  await dead(`${directory}/4000000-deadbeef.sock`);
  expect((await read()).workers).toEqual([]);
  await worker('a.js');
  expect(await readdir(directory)).toHaveLength(1);
});

test.each([
  ['a directory that others can access', () => mkdir(directory, { mode: 0o755 })],
  ['a symbolic link', () => symlink(folder.path, directory)],
  ['a file', () => writeFile(directory, '')],
])('%s is used neither to listen nor to read', async (_what, make) => {
  await make();
  if (_what.startsWith('a directory')) await chmod(directory, 0o755);
  expect(await ReportSocket.listen(async () => report('a.js'), log)).toBeUndefined();
  expect(log.matching('warn', /openrtc top will not find this worker/)).toHaveLength(1);
  expect((await read()).problems).toHaveLength(1);
});

test('workers with an invalid answer or none are reported and delay nothing', async () => {
  await mkdir(directory, { mode: 0o700 });
  await impostor('10-aa.sock', 'hello\n');
  await impostor('11-bb.sock', '{"schemaVersion":2}');
  await impostor('12-cc.sock', undefined);
  await worker('a.js');
  const { workers } = await read(200);
  expect(workers.map(({ pid, problem }) => [pid, problem])).toEqual(
    expect.arrayContaining([
      [10, expect.stringContaining('is not valid')],
      [11, expect.stringContaining('is not valid')],
      [12, expect.stringContaining('did not answer')],
      [process.pid, undefined],
    ]),
  );
});

test('a client that sends data is disconnected', async () => {
  const { path } = await worker('a.js');
  const client = createConnection(path);
  client.on('error', () => {});
  const closed = new Promise((resolve) => client.once('close', resolve));
  client.write('GET / HTTP/1.1\r\n\r\n');
  client.resume();
  await closed;
});

test('a hundred clients that never read do not lock others out for long', async () => {
  const { path } = await worker('a.js');
  const clients = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const client = createConnection(path);
      client.on('error', () => {});
      await new Promise((resolve) => client.once('connect', resolve));
      return client.pause();
    }),
  );
  await vi.waitFor(async () => expect((await read()).workers[0]?.report).toBeDefined(), {
    timeout: 20_000,
  });
  for (const client of clients) client.destroy();
});

test('a worker that cannot create its report closes the connection', async () => {
  const socket = await ReportSocket.listen(() => Promise.reject(new Error('boom')), log);
  if (socket !== undefined) open.push(socket);
  const { workers } = await read();
  expect(workers).toMatchObject([{ problem: expect.stringContaining('it closed the connection') }]);
  expect(log.matching('warn', /report for openrtc top could not be created/)).toHaveLength(1);
});

test('a path that is too long for a socket is logged, and the worker continues', async () => {
  const long = folder.of('x'.repeat(100));
  vi.stubEnv('OPENRTC_RUNTIME_DIR', long);
  expect(await ReportSocket.listen(async () => report('a.js'), log)).toBeUndefined();
  expect(log.lines[0]?.fields).toMatchObject({
    problems: [expect.stringContaining('longer than a socket')],
  });
});

test('a shell and a service search the same directories', () => {
  const shell = runtimeDirectories({ XDG_RUNTIME_DIR: '/run/user/7' }, 7);
  const service = runtimeDirectories({}, 7);
  expect(shell[0]).toBe('/run/user/7/openrtc-7');
  expect(shell).toEqual(expect.arrayContaining([...service]));
  expect(runtimeDirectories({ XDG_RUNTIME_DIR: 'relative' }, 7)).toEqual(service);
});

/** A socket without a listener, as SIGKILL leaves it. */
async function dead(path: string): Promise<void> {
  const { spawnSync } = await import('node:child_process');
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', program]);
}
