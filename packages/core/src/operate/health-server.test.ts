import { request } from 'node:http';
import { createConnection } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { LogBook } from '../base/log-book.js';
import type { RuntimeSnapshot } from './runtime-snapshot.js';
import type { HealthSource } from './health-routes.js';
import { HealthServer } from './health-server.js';

let log: LogBook;
let failing: boolean;
const servers: HealthServer[] = [];

const source: HealthSource = {
  snapshot: () =>
    ({ ready: true, notReady: [], livekit: { state: 'registered' } }) as unknown as RuntimeSnapshot,
  info: () => ({ agent_name: 'desk' }) as ReturnType<HealthSource['info']>,
  metrics: async () => {
    if (failing) throw new Error('no metrics today');
    return [];
  },
};

async function listen(port = 0): Promise<HealthServer> {
  const server = await HealthServer.listen({ port }, source, log);
  servers.push(server);
  return server;
}

beforeEach(() => {
  log = new LogBook();
  failing = false;
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
});

test('it answers at the address it reports, only on this machine', async () => {
  const { host, port } = (await listen()).address;
  expect(host).toBe('127.0.0.1');
  const response = await fetch(`http://127.0.0.1:${port}/readyz?verbose`);
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.json()).toEqual({ ready: true, notReady: [] });
  expect(log.has(`127.0.0.1:${port}`)).toBe(true);
});

test('HEAD is answered without a body', async () => {
  const { port } = (await listen()).address;
  const response = await fetch(`http://127.0.0.1:${port}/healthz`, { method: 'HEAD' });
  expect([response.status, await response.text()]).toEqual([200, '']);
});

test('a port in use is an error that names the port', async () => {
  const { port } = (await listen()).address;
  await expect(listen(port)).rejects.toMatchObject({
    code: 'CONFIG_PORT_IN_USE',
    message: expect.stringContaining(`port ${port} of 127.0.0.1 is in use`),
  });
});

test('an address that this machine does not have is an error that names it', async () => {
  await expect(
    HealthServer.listen({ port: 0, host: '203.0.113.7' }, source, log),
  ).rejects.toMatchObject({
    code: 'CONFIG_PORT_IN_USE',
    message: expect.stringContaining('203.0.113.7'),
  });
});

test('a source that fails is answered with 503 and logged', async () => {
  const { port } = (await listen()).address;
  failing = true;
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(response.status).toBe(503);
  expect(log.matching('error', /could not answer a request/)).toHaveLength(1);
});

test('a request body is not read', async () => {
  const { port } = (await listen()).address;
  const status = await new Promise((resolve, reject) => {
    const sent = request(
      { port, host: '127.0.0.1', path: '/healthz', method: 'POST' },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      },
    );
    sent.once('error', reject);
    sent.end('x'.repeat(1_000));
  });
  expect(status).toBe(405);
});

test('a silent connection does not delay the close', async () => {
  const server = await listen();
  const client = createConnection(server.address.port, '127.0.0.1');
  await new Promise((resolve) => client.once('connect', resolve));
  const gone = new Promise((resolve) => client.once('close', resolve));
  client.on('error', () => {});
  await server[Symbol.asyncDispose]();
  servers.length = 0;
  await gone;
});
