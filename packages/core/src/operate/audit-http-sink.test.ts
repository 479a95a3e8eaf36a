import { type IncomingHttpHeaders, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { AuditEvent } from './audit-event.js';
import { auditHttp } from './audit-http-sink.js';
import type { AuditHttpSink } from './audit-options.js';

interface Request {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let requests: Request[];
let answer: (response: ServerResponse) => void;
let url: string;
const never = new AbortController().signal;

const server = createServer((request, response) => {
  let body = '';
  request.on('data', (text: Buffer) => (body += text.toString()));
  request.on('end', () => {
    requests.push({ url: request.url, headers: request.headers, body });
    answer(response);
  });
});

beforeEach(async () => {
  requests = [];
  answer = (response) => void response.end('thank you');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/audit?team=a`;
});

afterEach(async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
});

function send(given: Partial<AuditHttpSink> = {}, signal = never) {
  const entry = (seq: number) => ({ event: { seq } as AuditEvent, line: `{"seq":${seq}}\n` });
  return auditHttp({ url, ...given }, 'audit-http').send([entry(1), entry(2)], signal);
}

test('events are lines of one POST, with the headers, and no connection is kept', async () => {
  expect(await send({ headers: { authorization: 'Bearer t', 'x-team': 'a' } })).toEqual({
    done: 2,
  });
  expect(requests).toMatchObject([
    {
      url: '/audit?team=a',
      body: '{"seq":1}\n{"seq":2}\n',
      headers: {
        'content-type': 'application/x-ndjson',
        authorization: 'Bearer t',
        'x-team': 'a',
        connection: 'close',
      },
    },
  ]);
});

test('user and password of the URL are basic authorization', async () => {
  const withUser = url.replace('http://', 'http://me:p%40ss@');
  expect(await send({ url: withUser })).toEqual({ done: 2 });
  const pair = Buffer.from('me:p@ss').toString('base64');
  expect(requests[0]?.headers.authorization).toBe(`Basic ${pair}`);
});

test.each([
  [500, true],
  [503, true],
  [429, true],
  [408, true],
  [425, true],
  [400, false],
  [401, false],
  [404, false],
  [413, false],
])('the answer %i: again is %s', async (status, again) => {
  answer = (response) => void response.writeHead(status).end('why');
  expect(await send()).toMatchObject({
    done: 0,
    failed: { again, error: { message: `its server answered ${status}` } },
  });
});

test.each<[string, () => void, RegExp]>([
  ['hangs', () => (answer = () => {}), /did not answer within 50 ms/],
  ['hangs up', () => (answer = (response) => void response.destroy()), /./],
  [
    'sends elsewhere',
    () => (answer = (response) => void response.writeHead(307, { location: '/' }).end()),
    /redirect/,
  ],
  ['is not there', () => (url = 'http://127.0.0.1:1/'), /ECONNREFUSED|bad port/],
])('a server that %s: again', async (_how, make, message) => {
  make();
  const sent = await send({ timeoutMs: 50 });
  expect(sent).toMatchObject({ done: 0, failed: { again: true, error: { message } } });
  expect(requests.length).toBeLessThan(2);
});

test('the end of the worker ends a request that hangs', async () => {
  answer = () => {};
  const over = new AbortController();
  const sent = send({ timeoutMs: 600_000 }, over.signal);
  await expect.poll(() => requests.length).toBe(1);
  over.abort();
  expect(await sent).toMatchObject({ done: 0 });
});
