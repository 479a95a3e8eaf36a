import { afterEach, beforeEach, expect, test } from 'vitest';

import type { FakeServer } from './fake-server.js';
import { Bench } from './rules/rule.fixture.js';
import type { Registration } from './registration.js';
import { WorkerLinks } from './worker-links.js';

let bench: Bench;
let server: FakeServer;

beforeEach(async () => {
  bench = new Bench();
  server = await bench.server();
});

afterEach(() => bench.close());

const named = (agentName: string): Registration => ({
  jobType: 'room',
  agentName,
  deployment: '',
  version: '1',
  permissions: {},
});

function linksOf(...names: readonly string[]) {
  const { options, log } = bench.linksTo(server);
  const links = new WorkerLinks(options, names.map(named));
  bench.later(() => links.close());
  return { links, log };
}

test('it is registered when all links are, and its state is the worst of theirs', async () => {
  server.script.registers = false;
  const { links } = linksOf('a', 'b');
  const started = links.start();
  const [a, b] = [await server.connection(), await server.connection()];
  await Promise.all([a.next('register'), b.next('register')]);
  a.send(a.registration);
  await a.next('updateWorker');
  expect(links.state).toBe('connecting');
  b.send(b.registration);
  await started;
  expect(links.state).toBe('registered');
  server.script.refuse = { status: 503 };
  b.drop();
  await b.closed;
  while (links.state !== 'reconnecting') await a.settled();
  delete server.script.refuse;
  await (await server.connection()).next('register');
  expect(links.reconnects).toBe(0);
});

test('wrong credentials fail the start, and no link keeps trying', async () => {
  server.script.refuse = { status: 401 };
  const { links } = linksOf('a', 'b');
  await expect(links.start()).rejects.toMatchObject({ code: 'LINK_UNAUTHORIZED' });
  await links.close();
  expect(links.state).toBe('closed');
  expect(server.open).toBe(0);
});

test('a cancelled start keeps registered links: they may have a call', async () => {
  server.script.registers = false;
  const { links } = linksOf('a', 'b');
  const started = links.start();
  const [a, b] = [await server.connection(), await server.connection()];
  await Promise.all([a.next('register'), b.next('register')]);
  a.send(a.registration);
  await a.next('updateWorker');
  links.callOff();
  await started;
  await b.closed;
  expect(links.state).toBe('registered');
  links.sync([named('c')]);
  expect(links.registrations).toHaveLength(2);
});

test('a start that is cancelled before any link is registered fails', async () => {
  server.script.registers = false;
  const { links } = linksOf('a', 'b');
  const started = links.start();
  await server.connection();
  links.callOff();
  await expect(started).rejects.toMatchObject({ code: 'LINK_CLOSED' });
});

test('a later registration is tried again although LiveKit refuses it: calls may be live', async () => {
  const { links, log } = linksOf('a');
  await links.start();
  const a = await server.connection();
  server.script.refuse = { status: 401 };
  links.sync([named('a'), named('b')]);
  await log.until('refused the credentials');
  delete server.script.refuse;
  const b = await server.connection();
  expect(await b.next('register')).toMatchObject({ agentName: 'b' });
  expect(a.all('register')).toMatchObject([{ agentName: 'a' }]);
});

test('a removed registration without calls closes at once, also while it is connecting', async () => {
  const { links } = linksOf('a', 'b');
  await links.start();
  const connections = [await server.connection(), await server.connection()];
  server.script.registers = false;
  links.sync([named('b'), named('c')]);
  const c = await server.connection();
  await c.next('register');
  links.sync([]);
  await Promise.all([...connections, c].map(({ closed }) => closed));
  expect(links.registrations).toEqual([]);
  expect(links.workerId).toBe('');
});
