import { JobStatus, JobType, WorkerStatus } from '@livekit/protocol';
import { TokenVerifier } from 'livekit-server-sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { LogBook } from '../log-book.js';
import { FakeServer } from './fake-server.js';
import { type HarnessOptions, assignment, linkTo, offer, registered } from './link-harness.js';
import type { WorkerLoad } from './load-curve.js';
import type { WorkerLink } from './worker-link.js';

let server: FakeServer;
const links: WorkerLink[] = [];

beforeEach(async () => {
  server = await FakeServer.start();
});

afterEach(async () => {
  await Promise.all(links.splice(0).map((link) => link.close()));
  await server.close();
});

async function worker(options?: HarnessOptions) {
  const harness = await registered(server, options);
  links.push(harness.link);
  return harness;
}

function unstarted(options?: HarnessOptions, to: Pick<FakeServer, 'url'> = server) {
  const harness = linkTo(to, options);
  links.push(harness.link);
  return harness;
}

const success = (jobId: string) => ({ jobId, status: JobStatus.JS_SUCCESS as const, error: '' });

test('it registers for rooms, with its name, deployment, version and permissions', async () => {
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

test('it shows a short-lived token that only allows to be a worker, in the header and nowhere else', async () => {
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

test('it reports its status at once, when told, and on its interval, each time with load and count', async () => {
  let load: WorkerLoad = { full: false, load: 0, jobCount: 0 };
  const { connection, link } = await worker({ status: () => load, timings: { statusMs: 20 } });
  expect(await connection.next('updateWorker')).toMatchObject({
    status: WorkerStatus.WS_AVAILABLE,
    load: 0,
  });
  load = { full: true, load: 1, jobCount: 50 };
  link.sendStatus();
  const told = await connection.next('updateWorker', ({ jobCount }) => jobCount === 50);
  expect(told).toMatchObject({ status: WorkerStatus.WS_FULL, load: 1 });
  for (const _ of [1, 2, 3]) {
    expect(await connection.next('updateWorker')).toMatchObject({ load: 1, jobCount: 50 });
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

test('garbage, a text frame and an unknown message cost nothing', async () => {
  const { connection, log } = await worker();
  connection.sendRaw(new Uint8Array([0xff, 0xff, 0xff]));
  connection.sendRaw('{"availability":{}}');
  connection.sendRaw(new Uint8Array(0));
  connection.send(offer('AJ_1'));
  expect(await connection.next('availability')).toMatchObject({ available: true });
  expect(log.has('cannot be decoded') && log.has('text frame')).toBe(true);
  expect(server.connections).toHaveLength(1);
});

test('a final status is delivered when the server has read it, not when it was sent', async () => {
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

test('each final status is sent once, however many end together', async () => {
  server.script.pongs = false;
  const { connection, link } = await worker();
  const ids = Array.from({ length: 20 }, (_, at) => `AJ_${at}`);
  const finals = Promise.all(ids.map((id) => link.sendFinal(success(id))));
  for (const _ of ids) connection.pong((await connection.next('ping')).timestamp);
  await finals;
  expect(connection.all('updateJob').map(({ jobId }) => jobId)).toEqual(ids);
});

test('an error text is cut to what LiveKit shows', async () => {
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

test('live calls are claimed and said to run again after a reconnect', async () => {
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

test('wrong credentials fail the start with one clear message', async () => {
  server.script.refuse = { status: 401, headers: { date: new Date().toUTCString() } };
  const { link } = unstarted();
  await expect(link.start()).rejects.toMatchObject({
    code: 'LINK_UNAUTHORIZED',
    message: expect.not.stringContaining('clock'),
  });
  expect(server.requests).toHaveLength(1);
});

test('wrong credentials and a clock that is off: the message names the clock', async () => {
  const date = new Date(Date.now() - 90_000).toUTCString();
  server.script.refuse = { status: 401, headers: { date } };
  const { link } = unstarted();
  await expect(link.start()).rejects.toMatchObject({
    code: 'LINK_UNAUTHORIZED',
    message: expect.stringMatching(/clocks differ by (89|90|91) s/),
  });
});

test('credentials that are refused later are tried on, because calls are live', async () => {
  const { connection, log } = await worker();
  server.script.refuse = { status: 401 };
  connection.drop();
  await log.until('refused the credentials');
  delete server.script.refuse;
  expect((await server.connection()).workerId).toBe('AW_2');
});

test('a server that is not there is tried until it is', async () => {
  const { url, port } = server;
  await server.close();
  const { link, log } = unstarted({}, { url });
  const started = link.start();
  await log.until('could not be reached');
  server = await FakeServer.start({ port });
  await started;
  expect(link.state).toBe('registered');
});

test('a server that is no LiveKit is tried on too, and the message says what it answered', async () => {
  server.script.refuse = { status: 503 };
  const { link, log } = unstarted();
  const started = link.start();
  await log.until('HTTP 503');
  delete server.script.refuse;
  await started;
});

test('a registration that is not answered is tried again on a new connection', async () => {
  server.script.registers = false;
  const { link, log } = unstarted({ timings: { registerMs: 30 } });
  const started = link.start();
  const silent = await server.connection();
  await log.until('did not answer the registration');
  await silent.closed;
  server.script.registers = true;
  await started;
});

test('a first message that is not the answer to the registration ends the connection, whatever follows it', async () => {
  server.script.registers = false;
  const { link, log } = unstarted();
  const started = link.start();
  const odd = await server.connection();
  await odd.next('register');
  odd.send(offer('AJ_1'), odd.registration);
  await odd.closed;
  expect(odd.cases).toEqual(['register']);
  expect(log.has('first message was availability')).toBe(true);
  server.script.registers = true;
  await started;
  const registrations = log.lines.filter(({ message }) => message === 'registered with LiveKit');
  expect(registrations).toMatchObject([{ fields: { workerId: 'AW_2' } }]);
  expect(link.workerId).toBe('AW_2');
});

test('a server that reads and answers nothing any more is noticed, and left for a new connection', async () => {
  const { connection, log, link } = await worker({ timings: { heartbeatMs: 20 } });
  await connection.next('ping');
  connection.freeze();
  const next = await server.connection();
  await next.next('updateWorker');
  expect(log.has('LiveKit is silent')).toBe(true);
  expect(link.reconnects).toBe(1);
});

test('a quiet server that answers the heartbeat is kept', async () => {
  const { connection } = await worker({ timings: { heartbeatMs: 5 } });
  for (const _ of Array.from({ length: 10 })) await connection.next('ping');
  expect(server.connections).toHaveLength(1);
});

// The attempt each delay was computed for: its ceiling doubles with it.
const attempts = (log: LogBook) =>
  log.lines
    .filter(({ message }) => message.includes('next attempt'))
    .map(({ fields }) => 'attempt' in fields && fields.attempt);

test('a server that takes registrations and drops them gets attempts that become rarer', async () => {
  server.script.flaps = true;
  const { link, log } = unstarted();
  await link.start();
  for (const _ of [1, 2, 3, 4, 5]) await server.connection();
  server.script.flaps = false;
  const lasting = await server.connection();
  await lasting.next('updateWorker');
  expect(attempts(log).slice(0, 5)).toEqual([0, 1, 2, 3, 4]);
});

test('a connection that has lasted starts the backoff anew', async () => {
  const { connection, log } = await worker({ timings: { stableMs: 0 } });
  connection.drop();
  for (const _ of [1, 2, 3]) {
    const next = await server.connection();
    await next.next('updateWorker');
    next.drop();
  }
  await server.connection();
  expect(attempts(log).slice(0, 4)).toEqual([0, 0, 0, 0]);
});

test.each(['registered', 'connecting', 'waiting to reconnect'])(
  'closing while %s leaves no timer and no socket',
  async (when) => {
    const timersBefore = timers();
    let link: WorkerLink;
    if (when === 'registered') {
      ({ link } = await worker());
    } else if (when === 'connecting') {
      server.script.registers = false;
      ({ link } = unstarted());
      const started = expect(link.start()).rejects.toMatchObject({ code: 'LINK_CLOSED' });
      await (await server.connection()).next('register');
      await Promise.all([link.close(), started]);
    } else {
      const harness = await worker({ timings: { backoff: { firstMs: 60_000, capMs: 60_000 } } });
      link = harness.link;
      harness.connection.drop();
      await harness.log.until('lost the connection');
    }
    await link.close();
    expect(link.state).toBe('closed');
    await Promise.all(server.connections.map(({ closed }) => closed));
    expect(server.open).toBe(0);
    expect(timers()).toBe(timersBefore);
  },
);

test('closing twice waits twice, and gives back what was accepted', async () => {
  const { connection, link, acceptances } = await worker();
  connection.send(offer('AJ_1'));
  await connection.next('availability');
  await Promise.all([link.close(), link.close()]);
  await connection.closed;
  expect(await acceptances.get('AJ_1')?.outcome).toBe('socket closed with 1000');
});

test('closing does not wait for a server that does not answer', async () => {
  const { connection, link } = await worker();
  connection.freeze();
  await link.close();
  expect(link.state).toBe('closed');
});

test('a long outage leaves no listeners behind', async () => {
  const warnings: string[] = [];
  const onWarning = (warning: Error) => warnings.push(warning.message);
  process.on('warning', onWarning);
  server.script.refuse = { status: 503 };
  const { link } = unstarted();
  const started = link.start();
  while (server.requests.length < 30) await new Promise((resolve) => setImmediate(resolve));
  delete server.script.refuse;
  await started;
  process.off('warning', onWarning);
  expect(warnings.filter((warning) => warning.includes('leak'))).toEqual([]);
});

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}
