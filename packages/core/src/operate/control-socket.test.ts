import { mkdir, readdir, stat, symlink } from 'node:fs/promises';
import { type Server, type Socket, createConnection, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { deferred } from '../base/deferred.js';
import { OpenRtcError } from '../base/errors.js';
import { LogBook } from '../base/log-book.js';
import type { ReloadReport } from '../call/reload-report.js';
import { ControlSocket } from './control-socket.js';
import { commandWorker, findWorkers } from './control-workers.js';
import { TestFolder } from './files.fixture.js';
import { readWorkers } from './read-workers.js';

const report: ReloadReport = {
  generation: 1,
  outcome: 'applied',
  files: ['/agents/shop.ts'],
  agents: ['shop'],
  notes: [],
  calls: [{ jobId: 'AJ_1', result: 'renewed' }],
  durationMs: 12,
};

let folder: TestFolder;
let directory: string;
let log: LogBook;
let reload: ReturnType<typeof vi.fn<() => Promise<ReloadReport>>>;
const open: AsyncDisposable[] = [];

beforeEach(async () => {
  folder = await TestFolder.make();
  directory = folder.of('run');
  log = new LogBook();
  reload = vi.fn(async () => report);
  vi.stubEnv('OPENRTC_RUNTIME_DIR', directory);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const listen = () =>
  ControlSocket.listen({
    commands: { reload },
    worker: { pid: process.pid, entry: 'main.js' },
    logger: log,
  });

async function worker(): Promise<ControlSocket> {
  const socket = await listen();
  if (socket === undefined) throw new Error('no socket');
  open.push(socket);
  return socket;
}

/** Listens like a worker, and answers as the test wants. */
async function impostor(name: string, says: string | undefined): Promise<void> {
  await mkdir(directory, { mode: 0o700, recursive: true });
  const clients = new Set<Socket>();
  const server: Server = createServer((client) => {
    clients.add(client.on('error', () => {}));
    client.once('data', () => void (says !== undefined && client.end(says)));
  });
  open.push({
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  await new Promise<void>((resolve) => server.listen(`${directory}/${name}`, resolve));
}

interface Client {
  readonly socket: Socket;
  /** All that the worker has sent, when it has closed the connection. */
  readonly answer: Promise<string>;
}

async function connected(path: string): Promise<Client> {
  const socket = createConnection({ path, allowHalfOpen: true });
  socket.on('error', () => {});
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const answer = new Promise<string>((resolve) => {
    socket.once('end', () => socket.end());
    socket.once('close', () => resolve(text));
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  return { socket, answer };
}

/** Sends the text, and returns the answer. */
async function ask(text: string | Buffer): Promise<unknown> {
  const { path } = await worker();
  const { socket, answer } = await connected(path);
  socket.write(text);
  return JSON.parse(await answer);
}

const RELOAD = '{"schemaVersion":1,"command":"reload"}\n';

test('a command is carried out, and the answer names the worker', async () => {
  await worker();
  const { workers, problems } = await findWorkers();
  expect(problems).toEqual([]);
  const [found] = workers;
  expect(found).toMatchObject({ pid: process.pid });
  expect(found && (await commandWorker(found, 'reload'))).toEqual({
    answer: {
      schemaVersion: 1,
      worker: { pid: process.pid, entry: 'main.js' },
      ok: true,
      result: report,
    },
  });
  expect(reload).toHaveBeenCalledTimes(1);
});

test('a command that fails is answered with its code and what to do, without secrets', async () => {
  const why = 'postgres://shop:a-password@db cannot be reached: do this';
  reload.mockRejectedValue(new OpenRtcError('POOL_STATE', why));
  expect(await ask(RELOAD)).toMatchObject({
    ok: false,
    error: { code: 'POOL_STATE', message: 'postgres://[secret]@db cannot be reached: do this' },
  });
});

test('top does not read it, and looking for workers commands nothing', async () => {
  await worker();
  expect((await readWorkers()).workers).toEqual([]);
  expect((await findWorkers()).workers).toHaveLength(1);
  expect(reload).not.toHaveBeenCalled();
});

test('only this user can access directory and socket, and nothing stays behind', async () => {
  const socket = await worker();
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  expect((await stat(socket.path)).mode & 0o777).toBe(0o600);
  await socket[Symbol.asyncDispose]();
  expect(await readdir(directory)).toEqual([]);
});

test('the socket of a killed worker is ignored, and removed by the next worker', async () => {
  await mkdir(directory, { mode: 0o700 });
  await dead(`${directory}/4000000-deadbeef.control`);
  expect((await findWorkers()).workers).toEqual([]);
  await worker();
  expect(await readdir(directory)).toEqual([
    expect.stringMatching(new RegExp(`^${process.pid}-[0-9a-f]{8}\\.control$`)),
  ]);
});

test.each<[string, () => Promise<unknown>]>([
  ['others can access', () => mkdir(directory, { mode: 0o755 })],
  ['is a link to one of another owner', () => symlink(folder.path, directory)],
])('a directory that %s is used neither to listen nor to command', async (_what, make) => {
  await make();
  expect(await listen()).toBeUndefined();
  expect(log.matching('warn', /openrtc reload will not find this worker/)).toHaveLength(1);
  expect(await findWorkers()).toMatchObject({ workers: [], problems: [expect.any(String)] });
});

const notRoot = process.getuid?.() === 0 ? '' : ': skipped, only root can give a directory away';

test.skipIf(notRoot !== '')(`a directory of another user is not used${notRoot}`, async () => {
  const { chown } = await import('node:fs/promises');
  await mkdir(directory, { mode: 0o700 });
  await chown(directory, 65_534, 65_534);
  expect(await listen()).toBeUndefined();
  expect((await findWorkers()).problems).toEqual([`${directory} belongs to another user`]);
});

describe('hostile input', () => {
  test.each<[string, string | Buffer, RegExp]>([
    ['no JSON', 'reload\n', /a request is one line of JSON: .*with one of reload$/],
    ['HTTP', 'GET / HTTP/1.1\r\n\r\n', /a request is one line of JSON/],
    ['no object', 'null\n', /a request is one line of JSON/],
    ['bytes', Buffer.from([0xff, 0x00, 0xfe, 0x0a]), /a request is one line of JSON/],
    ['another version', '{"schemaVersion":2,"command":"reload"}\n', /"schemaVersion":1/],
    ['an unknown command', '{"schemaVersion":1,"command":"drain"}\n', /"drain": it knows reload\./],
    ['an inherited name', '{"schemaVersion":1,"command":"toString"}\n', /it knows reload\./],
    ['no command', '{"schemaVersion":1}\n', /it knows reload\./],
    ['one long line', `${' '.repeat(5_000)}${RELOAD}`, /at most 4096 bytes/],
    ['a megabyte without an end', 'x'.repeat(1_048_576), /at most 4096 bytes/],
  ])('%s: an error says what a request is', async (_what, text, message) => {
    expect(await ask(text)).toMatchObject({
      ok: false,
      error: { code: 'CONFIG_INVALID_OPTION', message: expect.stringMatching(message) },
    });
    expect(reload).not.toHaveBeenCalled();
  });

  test('a line in pieces is one request', async () => {
    const { path } = await worker();
    const { socket, answer } = await connected(path);
    const written = (text: string) => new Promise((resolve) => socket.write(text, resolve));
    for (const piece of RELOAD.match(/.{1,10}\n?/g) ?? []) await written(piece);
    expect(JSON.parse(await answer)).toMatchObject({ ok: true });
  });

  test('of two commands the first is carried out, and answered once', async () => {
    expect(await ask(RELOAD + RELOAD)).toMatchObject({ ok: true, result: report });
    expect(reload).toHaveBeenCalledTimes(1);
  });

  test.each(['', '{"schemaVersion":1,'])(
    'a client that sends %j and no line end is disconnected',
    async (text) => {
      const { path } = await worker();
      const { socket, answer } = await connected(path);
      socket.write(text);
      expect(await answer).toBe('');
      expect(reload).not.toHaveBeenCalled();
    },
  );

  test('a client that closes its side after the request gets its answer', async () => {
    const { path } = await worker();
    const { socket, answer } = await connected(path);
    socket.end(RELOAD.trimEnd());
    expect(JSON.parse(await answer)).toMatchObject({ ok: true });
  });

  test('a client that hangs up before the answer stops no command, and no other client', async () => {
    const going = deferred<ReloadReport>();
    const begun = deferred();
    reload.mockImplementationOnce(() => {
      begun.resolve();
      return going.promise;
    });
    const { path } = await worker();
    const { socket } = await connected(path);
    socket.write(RELOAD);
    await begun.promise;
    socket.destroy();
    const { answer, socket: other } = await connected(path);
    other.write(RELOAD);
    expect(JSON.parse(await answer)).toMatchObject({ ok: true });
    going.resolve(report);
    expect(reload).toHaveBeenCalledTimes(2);
    expect(log.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  test('no more than 8 commands wait; the others are disconnected', async () => {
    const going = deferred<ReloadReport>();
    reload.mockImplementation(() => going.promise);
    const { path } = await worker();
    const clients = await Promise.all(Array.from({ length: 20 }, () => connected(path)));
    for (const { socket } of clients) socket.write(RELOAD);
    const answers = clients.map(async ({ answer }) => (await answer) !== '');
    await vi.waitFor(() => expect(reload).toHaveBeenCalledTimes(8), { timeout: 20_000 });
    going.resolve(report);
    const answered = (await Promise.all(answers)).filter(Boolean);
    expect(answered).toHaveLength(8);
    expect(reload).toHaveBeenCalledTimes(8);
  });

  test('a hundred clients that say nothing do not lock others out for long', async () => {
    const { path } = await worker();
    const silent = await Promise.all(Array.from({ length: 100 }, () => connected(path)));
    await vi.waitFor(
      async () => {
        const [found] = (await findWorkers()).workers;
        expect(found && (await commandWorker(found, 'reload'))).toMatchObject({
          answer: { ok: true },
        });
      },
      { timeout: 20_000 },
    );
    await Promise.all(silent.map(({ answer }) => answer));
  });
});

test('a worker that closes disconnects its clients, and the command goes on', async () => {
  const going = deferred<ReloadReport>();
  const begun = deferred();
  reload.mockImplementation(() => {
    begun.resolve();
    return going.promise;
  });
  const socket = await worker();
  const [found] = (await findWorkers()).workers;
  const asked = found && commandWorker(found, 'reload');
  await begun.promise;
  await socket[Symbol.asyncDispose]();
  expect(await asked).toMatchObject({ problem: expect.stringContaining('closed the connection') });
  going.resolve(report);
});

test.each([
  ['text', 'hello\n'],
  ['another version', JSON.stringify({ schemaVersion: 2 })],
  [
    'a result of another command',
    JSON.stringify({
      schemaVersion: 1,
      worker: { pid: 1, entry: 'x' },
      ok: true,
      result: { outcome: 'drained' },
    }),
  ],
])('an answer that is no answer is a problem: %s', async (_what, says) => {
  await impostor('10-aa.control', says);
  const [found] = (await findWorkers()).workers;
  expect(found && (await commandWorker(found, 'reload'))).toEqual({
    problem: 'its answer is not valid: is it another version of OpenRTC?',
  });
});

test('a worker that does not answer is a problem, and so is one that has ended', async () => {
  await impostor('10-aa.control', undefined);
  const [found] = (await findWorkers()).workers;
  expect(found && (await commandWorker(found, 'reload', { timeoutMs: 100 }))).toEqual({
    problem: 'it did not answer within 100 ms',
  });
  expect(await commandWorker({ pid: 11, socket: `${directory}/11-bb.control` }, 'reload')).toEqual({
    problem: 'it has ended',
  });
});

/** A socket without a listener, as SIGKILL leaves it. */
async function dead(path: string): Promise<void> {
  const { spawnSync } = await import('node:child_process');
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', program]);
}
