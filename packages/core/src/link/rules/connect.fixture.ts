import { TokenVerifier } from 'livekit-server-sdk';
import { expect, vi } from 'vitest';

import { resolveEndpoint, workerUrl } from '../livekit-endpoint.js';
import { offer } from '../link-harness.js';
import { mintWorkerToken } from '../worker-token.js';
import { MAX_BAD_FRAMES_PER_MINUTE } from '../bad-frames.js';
import { FakeAcceptance } from '../link-harness.js';
import type { Rule } from './rule.fixture.js';

const bearer = (request: { headers: { authorization?: string | undefined } } | undefined) =>
  request?.headers.authorization?.replace(/^Bearer /, '') ?? '';
const keys = { apiKey: 'key', apiSecret: 'a-secret-of-thirty-two-characters!' };
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    nbf: number;
    exp: number;
  };

const urls: Rule[] = [
  ['', '/agent'],
  ['/', '/agent'],
  ['/agent', '/agent'],
  ['/rtc/eu', '/rtc/eu/agent'],
  ['/rtc//', '/rtc/agent'],
  ['/rtc?region=eu', '/rtc/agent?region=eu'],
].map(([given = '', asked = '']) => ({
  id: 'P1',
  must: `asks for ${asked} when the URL ends in "${given}"`,
  async run(bench) {
    const server = await bench.server();
    const { url } = server;
    await bench.worker(Object.defineProperty(server, 'url', { value: `${url}${given}` }));
    expect(server.requests.map((request) => request.url)).toEqual([asked]);
  },
}));

export const connectRules: readonly Rule[] = [
  ...urls,
  {
    id: 'P1',
    must: 'uses ws for http and wss for https, and rejects other schemes',
    async run() {
      expect(workerUrl('http://h').protocol).toBe('ws:');
      expect(workerUrl('https://h').protocol).toBe('wss:');
      expect(() => workerUrl('ftp://h')).toThrow('scheme');
    },
  },
  {
    id: 'P2',
    must: 'sends its token only in the header, a new one at each attempt, valid only for a worker',
    async run(bench) {
      const server = await bench.server();
      vi.useFakeTimers({ toFake: ['Date'] });
      const { connection, log } = await bench.worker(server);
      vi.setSystemTime(Date.now() + 5_000);
      connection.drop();
      await server.connection();
      const tokens = server.requests.map(bearer);
      expect(new Set(tokens).size).toBe(2);
      const verified = await new TokenVerifier(keys.apiKey, keys.apiSecret).verify(tokens[1] ?? '');
      expect(verified.video).toEqual({ agent: true });
      expect(server.requests.map(({ url }) => url)).toEqual(['/agent', '/agent']);
      expect(JSON.stringify(log.lines)).not.toContain(tokens[0]);
    },
  },
  {
    id: 'P2',
    must: 'fails its start on 401 with one message, without the body, which has the token',
    async run(bench) {
      const server = await bench.server({
        refuse: { status: 401, body: (request) => `invalid token: ${bearer(request)}` },
      });
      const { link, log } = bench.link(server);
      const error: unknown = await link.start().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'LINK_UNAUTHORIZED' });
      const reported = JSON.stringify([log.lines, String(error), (error as Error).cause]);
      expect(reported).not.toContain(bearer(server.requests[0]));
      expect(reported).not.toContain(keys.apiSecret);
      expect(server.requests).toHaveLength(1);
    },
  },
  {
    id: 'P2',
    must: 'tries again after a 401 when it was registered before: calls may be live',
    async run(bench) {
      const server = await bench.server();
      const { connection, log } = await bench.worker(server);
      server.script.refuse = { status: 401 };
      connection.drop();
      await log.until('refused the credentials');
      delete server.script.refuse;
      await (await server.connection()).next('updateWorker');
    },
  },
  {
    id: 'P3',
    must: 'creates tokens that are already valid, for at most ten minutes',
    async run() {
      const now = Date.now();
      const { nbf, exp } = claimsOf(mintWorkerToken(keys, now));
      expect(nbf * 1_000).toBeLessThanOrEqual(now);
      expect(exp - nbf).toBeLessThanOrEqual(600);
      expect(exp * 1_000).toBeGreaterThan(now + 500_000);
    },
  },
  {
    id: 'P3',
    must: 'names the clocks when a 401 comes from a server whose clock differs',
    async run(bench) {
      const date = new Date(Date.now() + 7_200_000).toUTCString();
      const server = await bench.server({ refuse: { status: 401, headers: { date } } });
      await expect(bench.link(server).link.start()).rejects.toThrow(
        /clocks differ by -?(7199|7200|7201) s/,
      );
    },
  },
  {
    id: 'P4',
    must: 'adds the token of a deployment to the query, and never logs it',
    async run(bench) {
      const server = await bench.server();
      const workerToken = 'deployment-token';
      const { log } = await bench.worker(server, {
        endpoint: { url: server.url, ...keys, workerToken },
      });
      expect(server.requests[0]?.url).toBe(`/agent?worker_token=${workerToken}`);
      expect(JSON.stringify(log.lines)).not.toContain(workerToken);
      const env = { LIVEKIT_WORKER_TOKEN: workerToken };
      expect(resolveEndpoint({ url: 'ws://h', ...keys }, env)).toMatchObject({ workerToken });
    },
  },
  {
    id: 'P5',
    must: 'sends only binary frames, and logs once that it ignores text',
    async run(bench) {
      const server = await bench.server();
      const { connection, log } = await bench.worker(server);
      for (const _ of [1, 2, 3]) connection.sendRaw('{"availability":{}}');
      connection.send(offer('AJ_1'));
      expect(await connection.next('availability')).toMatchObject({ available: true });
      expect(connection.allBinary).toBe(true);
      expect(log.lines.filter(({ message }) => message.includes('text frame'))).toHaveLength(1);
    },
  },
  {
    id: 'P5',
    must: 'accepts the largest legal job, and reconnects after a frame of more than 4 MiB',
    async run(bench) {
      const server = await bench.server();
      const { connection } = await bench.worker(server);
      const metadata = 'x'.repeat(512 * 1024);
      connection.send({
        case: 'availability',
        value: { job: { id: 'AJ_1', metadata, room: { name: 'lobby', metadata } } },
      });
      expect(await connection.next('availability')).toMatchObject({ available: true });
      connection.sendRaw(new Uint8Array(4 * 1024 * 1024 + 1));
      const next = await server.connection();
      await next.next('updateWorker');
      next.send(offer('AJ_2'));
      expect(await next.next('availability')).toMatchObject({ jobId: 'AJ_2', available: true });
    },
  },
  {
    id: 'P5',
    must: `ignores unreadable frames and any number of unknown messages, and reconnects after ${MAX_BAD_FRAMES_PER_MINUTE} bad frames per minute`,
    async run(bench) {
      const server = await bench.server();
      const { connection } = await bench.worker(server);
      // Field 99 of a newer server, and an empty message.
      const unknown = [new Uint8Array([0x9a, 0x06, 0x00]), new Uint8Array(0)];
      for (const frame of [...Array(50)].flatMap(() => unknown)) connection.sendRaw(frame);
      const bad = new Uint8Array([0xff, 0xff, 0xff]);
      for (let at = 0; at < MAX_BAD_FRAMES_PER_MINUTE; at += 1) connection.sendRaw(bad);
      await connection.settled();
      expect(server.connections).toHaveLength(1);
      connection.sendRaw(bad);
      await connection.closed;
      await (await server.connection()).next('updateWorker');
    },
  },
  {
    id: 'P6',
    must: 'refuses a job instead of sending a participant of more than 64 KiB',
    async run(bench) {
      const server = await bench.server();
      const large = Object.assign(new FakeAcceptance('AJ_1'), {
        attributes: { notes: 'x'.repeat(64 * 1024) },
      });
      const { connection } = await bench.worker(server, { onOffer: () => large });
      connection.send(offer('AJ_1'));
      expect(await connection.next('availability')).toMatchObject({ available: false });
      expect(await large.outcome).toContain('too large');
    },
  },
];
