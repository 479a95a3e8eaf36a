import { afterEach, beforeEach, expect, test } from 'vitest';

import type { LogBook } from '../base/log-book.js';
import { TimerWatch } from '../base/timer-watch.fixture.js';
import { FakeServer } from './fake-server.js';
import { type HarnessOptions, offer } from './link-harness.js';
import { Bench } from './rules/rule.fixture.js';
import type { WorkerLink } from './worker-link.js';

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

test('wrong credentials fail the start with one clear message', async () => {
  server.script.refuse = { status: 401, headers: { date: new Date().toUTCString() } };
  const { link } = unstarted();
  await expect(link.start()).rejects.toMatchObject({
    code: 'LINK_UNAUTHORIZED',
    message: expect.not.stringContaining('clock'),
  });
  expect(server.requests).toHaveLength(1);
});

test('wrong credentials and a wrong clock: the message names the clock', async () => {
  const date = new Date(Date.now() - 90_000).toUTCString();
  server.script.refuse = { status: 401, headers: { date } };
  const { link } = unstarted();
  await expect(link.start()).rejects.toMatchObject({
    code: 'LINK_UNAUTHORIZED',
    message: expect.stringMatching(/clocks differ by (89|90|91) s/),
  });
});

test('credentials that are refused later are tried again, because calls are live', async () => {
  const { connection, log } = await worker();
  server.script.refuse = { status: 401 };
  connection.drop();
  await log.until('refused the credentials');
  delete server.script.refuse;
  expect((await server.connection()).workerId).toBe('AW_2');
});

test('a server that is not running is tried again until it is', async () => {
  const { url, port } = server;
  await server.close();
  const { link, log } = unstarted({}, { url });
  const started = link.start();
  await log.until('could not be reached');
  server = await FakeServer.start({ port });
  await started;
  expect(link.state).toBe('registered');
});

test('a server other than LiveKit is tried again too, and the message has its HTTP status', async () => {
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

test('a first message other than the register response ends the connection, whatever follows it', async () => {
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

test('a server that stops reading and answering is detected, and the worker reconnects', async () => {
  const { connection, log, link } = await worker({ timings: { heartbeatMs: 20 } });
  await connection.next('ping');
  connection.freeze();
  const next = await server.connection();
  await next.next('updateWorker');
  expect(log.has('LiveKit is silent')).toBe(true);
  expect(link.reconnects).toBe(1);
});

test('the connection to a quiet server that answers pings is kept', async () => {
  const { connection } = await worker({ timings: { heartbeatMs: 5 } });
  for (const _ of Array.from({ length: 10 })) await connection.next('ping');
  expect(server.connections).toHaveLength(1);
});

// The attempts for which delays were computed: the maximum delay doubles with each.
const attempts = (log: LogBook) =>
  log.lines
    .filter(({ message }) => message.includes('next attempt'))
    .map(({ fields }) => 'attempt' in fields && fields.attempt);

test('a server that closes each connection after its registration gets fewer and fewer attempts', async () => {
  server.script.flaps = true;
  const { link, log } = unstarted();
  await link.start();
  for (const _ of [1, 2, 3, 4, 5]) await server.connection();
  server.script.flaps = false;
  const lasting = await server.connection();
  await lasting.next('updateWorker');
  expect(attempts(log).slice(0, 5)).toEqual([0, 1, 2, 3, 4]);
});

test('a connection that has lasted resets the backoff', async () => {
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
    using timers = new TimerWatch();
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
    expect(await timers.left()).toEqual([]);
  },
);

test('close() can be called twice, and abandons accepted jobs', async () => {
  const { connection, link, acceptances } = await worker();
  connection.send(offer('AJ_1'));
  await connection.next('availability');
  await Promise.all([link.close(), link.close()]);
  await connection.closed;
  expect(await acceptances.get('AJ_1')?.outcome).toBe('socket closed with 1000');
});

test('close() does not wait for a server that does not answer', async () => {
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
