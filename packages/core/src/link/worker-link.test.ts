import { JobStatus, JobType, WorkerStatus } from '@livekit/protocol';
import { TokenVerifier } from 'livekit-server-sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { FakeServer } from './fake-server.js';
import { type HarnessOptions, assignment, offer } from './link-harness.js';
import type { WorkerLoad } from './load-curve.js';
import { Bench } from './rules/rule.fixture.js';

let bench: Bench;
let server: FakeServer;

beforeEach(async () => {
  bench = new Bench();
  server = await bench.server();
});

afterEach(() => bench.close());

const worker = (options?: HarnessOptions) => bench.worker(server, options);
const unstarted = (options?: HarnessOptions, to: Pick<FakeServer, 'url'> = server) =>
  bench.link(to, options);

const success = (jobId: string) => ({ jobId, status: JobStatus.JS_SUCCESS as const, error: '' });

test('it registers with its job type, name, deployment, version and permissions', async () => {
  const { connection, link } = await worker({
    registration: {
      jobType: 'room',
      agentName: 'sales',
      deployment: 'v7',
      version: '1.2.3',
      permissions: {
        canPublish: true,
        canSubscribe: true,
        canPublishData: true,
        canUpdateMetadata: true,
      },
    },
  });
  expect(connection.all('register')).toEqual([
    expect.objectContaining({
      type: JobType.JT_ROOM,
      agentName: 'sales',
      deployment: 'v7',
      version: '1.2.3',
      allowedPermissions: expect.objectContaining({ canPublish: true, canUpdateMetadata: true }),
    }),
  ]);
  expect({ state: link.state, workerId: link.workerId }).toEqual({
    state: 'registered',
    workerId: 'AW_1',
  });
});

test('it sends a short-lived token that only allows it to be a worker, and only in the header', async () => {
  await worker();
  const [request] = server.requests;
  expect(request?.url).toBe('/agent');
  const [scheme, token = ''] = request?.headers.authorization?.split(' ') ?? [];
  expect(scheme).toBe('Bearer');
  const claims = await new TokenVerifier('key', 'a-secret-of-thirty-two-characters!').verify(token);
  expect(claims.video).toEqual({ agent: true });
  expect((claims.exp ?? 0) * 1_000 - Date.now()).toBeLessThanOrEqual(600_000);
});

test('nothing is sent before the server has answered the registration', async () => {
  server.script.registers = false;
  const { link } = unstarted();
  const started = link.start();
  const connection = await server.connection();
  await connection.next('register');
  link.sendStatus();
  link.sendRunning('AJ_live');
  const final = link.sendFinal(success('AJ_done'));
  await connection.settled();
  expect(connection.cases).toEqual(['register']);
  connection.send(connection.registration);
  await started;
  await final;
  expect(connection.cases.slice(0, 2)).toEqual(['register', 'updateWorker']);
});

test('messages in the packet of the register response are handled', async () => {
  server.script.registers = false;
  const { link, acceptances, terminated } = unstarted();
  const started = link.start();
  const connection = await server.connection();
  await connection.next('register');
  connection.send(connection.registration, offer('AJ_1'), {
    case: 'termination',
    value: { jobId: 'AJ_old' },
  });
  expect(await connection.next('availability')).toMatchObject({ jobId: 'AJ_1', available: true });
  expect(connection.cases.slice(0, 3)).toEqual(['register', 'updateWorker', 'availability']);
  expect(terminated).toEqual(['AJ_old']);
  expect(acceptances.has('AJ_1')).toBe(true);
  await started;
});

test('it reports its status at once, on request and at an interval, each time with load and count', async () => {
  let load: WorkerLoad = { full: false, load: 0, jobCount: 0 };
  const { connection, link } = await worker({ status: () => load, timings: { statusMs: 20 } });
  expect(await connection.next('updateWorker')).toMatchObject({
    status: WorkerStatus.WS_AVAILABLE,
    load: 0,
  });
  load = { full: true, load: 1, jobCount: 50 };
  link.sendStatus();
  // Statuses of the interval from before may still be on their way.
  for (const _ of ['on request', 1, 2, 3]) {
    const status = await connection.next('updateWorker', ({ jobCount }) => jobCount === 50);
    expect(status).toMatchObject({ status: WorkerStatus.WS_FULL, load: 1 });
  }
});

test('a load that is not a number is reported as full load: NaN would stop dispatch for all workers', async () => {
  const { connection } = await worker({
    status: () => ({ full: false, load: Number.NaN, jobCount: 0 }),
  });
  expect(await connection.next('updateWorker')).toMatchObject({ load: 1 });
});

test('a termination is passed on', async () => {
  const { connection, terminated } = await worker();
  connection.send({ case: 'termination', value: { jobId: 'AJ_1' } });
  await connection.settled();
  expect(terminated).toEqual(['AJ_1']);
});

test('garbage, a text frame and an unknown message are ignored', async () => {
  const { connection, log } = await worker();
  connection.sendRaw(new Uint8Array([0xff, 0xff, 0xff]));
  connection.sendRaw('{"availability":{}}');
  connection.sendRaw(new Uint8Array(0));
  connection.send(offer('AJ_1'));
  expect(await connection.next('availability')).toMatchObject({ available: true });
  expect(log.has('cannot be decoded') && log.has('text frame')).toBe(true);
  expect(server.connections).toHaveLength(1);
});

test('a final status counts as delivered when the server has read it, not when it was sent', async () => {
  server.script.pongs = false;
  const { connection, link } = await worker();
  let delivered = false;
  const final = link.sendFinal(success('AJ_1')).then(() => {
    delivered = true;
  });
  const ping = await connection.next('ping');
  expect(connection.cases.slice(-2)).toEqual(['updateJob', 'ping']);
  await connection.settled();
  expect(delivered).toBe(false);
  connection.pong(ping.timestamp);
  await final;
});

test('each final status is sent once, even when many calls end together', async () => {
  server.script.pongs = false;
  const { connection, link } = await worker();
  const ids = Array.from({ length: 20 }, (_, at) => `AJ_${at}`);
  const finals = Promise.all(ids.map((id) => link.sendFinal(success(id))));
  for (const _ of ids) connection.pong((await connection.next('ping')).timestamp);
  await finals;
  expect(connection.all('updateJob').map(({ jobId }) => jobId)).toEqual(ids);
});

test('an error message is cut to 256 characters', async () => {
  const { connection, link } = await worker();
  await link.sendFinal({ jobId: 'AJ_1', status: JobStatus.JS_FAILED, error: 'x'.repeat(1_000) });
  expect((await connection.next('updateJob')).error).toHaveLength(256);
});

test('a final status the server has not read is sent again after a reconnect', async () => {
  server.script.pongs = false;
  const { connection, link } = await worker();
  const first = link.sendFinal(success('AJ_1'));
  await connection.next('updateJob');
  connection.drop();
  const second = link.sendFinal(success('AJ_2'));
  server.script.pongs = true;
  await Promise.all([first, second]);
  const next = await server.connection();
  expect(next.all('updateJob').map(({ jobId }) => jobId)).toEqual(['AJ_1', 'AJ_2']);
  expect(next.cases.slice(0, 2)).toEqual(['register', 'updateWorker']);
});

test('live calls are migrated and reported as running after a reconnect', async () => {
  const { connection, link } = await worker();
  for (const jobId of ['AJ_1', 'AJ_2']) link.sendRunning(jobId);
  connection.drop();
  const next = await server.connection();
  expect(await next.next('migrateJob')).toMatchObject({ jobIds: ['AJ_1', 'AJ_2'] });
  for (const jobId of ['AJ_1', 'AJ_2']) {
    expect(await next.next('updateJob')).toMatchObject({ jobId, status: JobStatus.JS_RUNNING });
  }
  expect({ workerId: link.workerId, state: link.state }).toEqual({
    workerId: 'AW_2',
    state: 'registered',
  });
});

test('after a reconnect it works as before', async () => {
  const { connection, link, acceptances } = await worker();
  connection.drop();
  const next = await server.connection();
  await next.next('updateWorker');
  next.send(offer('AJ_1'));
  await next.next('availability');
  next.send(assignment('AJ_1'));
  expect(await acceptances.get('AJ_1')?.outcome).toMatchObject({ workerId: 'AW_2' });
  expect(link.reconnects).toBe(1);
});
