import { createConnection } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { deferred } from '../base/deferred.js';
import { LogBook } from '../base/log-book.js';
import { shareWork } from './health-load.js';
import type { HealthSource } from './health-routes.js';
import { HealthServer } from './health-server.js';
import type { RuntimeSnapshot } from './runtime-snapshot.js';

/*
 * Who reaches the port must not be able to keep the event loop from the calls: a client that sends thousands of requests
 * in one packet, and many clients at once.
 */

let work: { metrics: number; snapshots: number; infos: number };
let running: number;
let mostAtOnce: number;
let gate: Promise<void>;
let server: HealthServer | undefined;

const source: HealthSource = {
  snapshot: () => {
    work.snapshots += 1;
    return { ready: true, notReady: [], livekit: {} } as unknown as RuntimeSnapshot;
  },
  info: () => {
    work.infos += 1;
    return {} as ReturnType<HealthSource['info']>;
  },
  metrics: async () => {
    work.metrics += 1;
    running += 1;
    mostAtOnce = Math.max(mostAtOnce, running);
    await gate;
    running -= 1;
    return [];
  },
};

beforeEach(() => {
  work = { metrics: 0, snapshots: 0, infos: 0 };
  running = 0;
  mostAtOnce = 0;
  gate = Promise.resolve();
});

afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
  server = undefined;
});

async function listen(token?: string): Promise<number> {
  const options = token === undefined ? { port: 0 } : { port: 0, token };
  server = await HealthServer.listen(options, source, new LogBook());
  return server.address.port;
}

/** Sends bytes, and returns everything that comes back until the connection is closed. */
function exchange(port: number, ...packets: string[]): Promise<string> {
  return new Promise((resolve) => {
    const client = createConnection(port, '127.0.0.1');
    let received = '';
    client.setEncoding('utf8');
    client.on('data', (text: string) => (received += text));
    // A connection that is closed while bytes of the client are on their way is reset.
    client.on('error', () => {});
    client.on('close', () => resolve(received));
    for (const packet of packets) client.write(packet);
  });
}

const get = (path: string, method = 'GET') => `${method} ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const closing = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
const statuses = (received: string) =>
  [...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));

const many = 2_000;
const hostile: readonly [what: string, packets: string[], status: number][] = [
  ['metrics', [get('/metrics').repeat(many)], 200],
  ['metrics, far more than fit into the buffers', [get('/metrics').repeat(60_000)], 200],
  ['metrics, without the answer', [get('/metrics', 'HEAD').repeat(many)], 200],
  ['probes', [get('/healthz').repeat(many)], 200],
  ['snapshots', [get('/readyz').repeat(many)], 200],
  ['paths that do not exist', [get('/nothing').repeat(many)], 404],
  ['other methods', [get('/metrics', 'DELETE').repeat(many)], 405],
  ['a probe, and then metrics', [get('/healthz'), get('/metrics').repeat(many)], 200],
  ['metrics, and then no HTTP', [get('/metrics').repeat(2), 'x'.repeat(100_000)], 200],
];

test.each(hostile)('pipelined %s: only the first is worked for', async (_what, packets, status) => {
  const port = await listen();
  const answers = statuses(await exchange(port, ...packets));
  // A reset may overtake the answer.
  expect(answers.length).toBeLessThanOrEqual(2);
  // Node answers 400 to what is no HTTP.
  expect(answers.filter((each) => each !== status && each !== 400)).toEqual([]);
  expect(work.metrics + work.snapshots + work.infos).toBeLessThanOrEqual(2);
  expect(statuses(await exchange(port, closing('/healthz')))).toEqual([200]);
});

test('two requests in one packet: the first is answered, and says that the connection is closed', async () => {
  const received = await exchange(await listen(), get('/metrics').repeat(2));
  expect(statuses(received)).toEqual([200]);
  expect(received).toMatch(/^Connection: close\r$/im);
  expect(work.metrics).toBe(1);
});

test('a request that comes in pieces is answered, whatever the pieces are', async () => {
  const port = await listen();
  const whole = get('/healthz');
  for (let at = 1; at < whole.length; at += 1) {
    const client = createConnection(port, '127.0.0.1').setNoDelay();
    client.write(whole.slice(0, at), () => setImmediate(() => client.write(whole.slice(at))));
    const answer = await new Promise((resolve) => client.once('data', resolve));
    expect(statuses(String(answer))).toEqual([200]);
    client.destroy();
  }
});

test('a request that comes before the answer to another one is not worked for', async () => {
  const port = await listen();
  const { promise, resolve } = deferred();
  gate = promise;
  const client = createConnection(port, '127.0.0.1');
  client.setEncoding('utf8');
  let received = '';
  client.on('data', (text: string) => (received += text));
  client.on('error', () => {});
  client.write(get('/metrics'));
  while (work.metrics === 0) await new Promise((next) => setImmediate(next));
  client.write(get('/readyz'), () => setImmediate(resolve));
  await new Promise((closed) => client.once('close', closed));
  expect(statuses(received)).toEqual([200]);
  expect(work.snapshots).toBe(0);
});

test('without the token nothing is worked for', async () => {
  const port = await listen('secret');
  const answers = statuses(await exchange(port, get('/metrics').repeat(many)));
  expect(answers.filter((status) => status !== 401)).toEqual([]);
  expect(statuses(await exchange(port, closing('/worker')))).toEqual([401]);
  expect(work).toEqual({ metrics: 0, snapshots: 0, infos: 0 });
});

test('a connection may ask one request after the other, and is closed after the hundredth', async () => {
  const port = await listen();
  const client = createConnection(port, '127.0.0.1');
  client.setEncoding('utf8');
  let received = '';
  client.on('data', (text: string) => {
    const before = statuses(received).length;
    received += text;
    if (statuses(received).length > before) client.write(get('/healthz'));
  });
  client.on('error', () => {});
  client.write(get('/healthz'));
  await new Promise((resolve) => client.once('close', resolve));
  expect(statuses(received)).toEqual(Array.from({ length: 100 }, () => 200));
});

test('many clients share collections, and there is one at a time', async () => {
  const port = await listen();
  const clients = Array.from({ length: 20 }, () => exchange(port, closing('/metrics')));
  for (const received of await Promise.all(clients)) expect(statuses(received)).toEqual([200]);
  expect(mostAtOnce).toBe(1);
});

test('a collection that is asked for after one has ended is a new one', async () => {
  const shared = shareWork(source);
  await Promise.all([shared.metrics(), shared.metrics()]);
  expect(work.metrics).toBe(1);
  await Promise.all([shared.metrics(), shared.metrics()]);
  expect(work.metrics).toBe(2);
});

test('a collection that fails is not kept', async () => {
  gate = Promise.reject(new Error('no metrics'));
  const shared = shareWork(source);
  await expect(Promise.all([shared.metrics(), shared.metrics()])).rejects.toThrow('no metrics');
  gate = Promise.resolve();
  expect(await shared.metrics()).toEqual([]);
});

test('a snapshot is taken once in a turn of the event loop', async () => {
  const shared = shareWork(source);
  expect(shared.snapshot()).toBe(shared.snapshot());
  await new Promise((resolve) => setImmediate(resolve));
  shared.snapshot();
  expect(work.snapshots).toBe(2);
});
