import { JobStatus, JobType, WorkerStatus } from '@livekit/protocol';
import { AccessToken } from 'livekit-server-sdk';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type EmbeddedLiveKit, startEmbeddedLiveKit } from './embedded-livekit.js';
import { RawWorker } from './raw-worker.fixture.js';

let endpoint: EmbeddedLiveKit;

beforeEach(async () => {
  endpoint = await startEmbeddedLiveKit({ availabilityTimeoutMs: 50 });
});

afterEach(() => endpoint.close());

describe('connecting', () => {
  test('a token without the agent grant, of another key, or none at all is refused with 401', async () => {
    await expect(RawWorker.connect(endpoint, { roomJoin: false })).rejects.toThrow('401');
    await expect(RawWorker.open(endpoint.url, 'not-a-token')).rejects.toThrow('401');
    const other = await startEmbeddedLiveKit();
    try {
      const { url } = endpoint;
      const stranger = { url, apiKey: other.apiKey, apiSecret: other.apiSecret } as EmbeddedLiveKit;
      await expect(RawWorker.connect(stranger)).rejects.toThrow('401');
    } finally {
      await other.close();
    }
  });

  test('a doubled slash and a token in the query are taken, other paths are not', async () => {
    const token = new AccessToken(endpoint.apiKey, endpoint.apiSecret);
    token.addGrant({ agent: true });
    const jwt = await token.toJwt();
    const worker = await RawWorker.open(`${endpoint.url}/`, jwt);
    expect(await worker.ping()).toMatchObject({ lastTimestamp: 7n });
    const byQuery = new WebSocket(`${endpoint.url}/agent?access_token=${jwt}`);
    await once(byQuery, 'open');
    await expect(RawWorker.open(`${endpoint.url}/other`, jwt)).rejects.toThrow('404');
  });

  test('who writes JSON in text frames is answered in JSON', async () => {
    const token = new AccessToken(endpoint.apiKey, endpoint.apiSecret);
    token.addGrant({ agent: true });
    const socket = new WebSocket(`${endpoint.url}/agent`, {
      headers: { authorization: `Bearer ${await token.toJwt()}` },
    });
    await once(socket, 'open');
    socket.send('{"ping":{"timestamp":"7"}}');
    const [data, isBinary] = await once(socket, 'message');
    expect([JSON.parse(String(data)), isBinary]).toMatchObject([
      { pong: { lastTimestamp: '7' } },
      false,
    ]);
  });

  test('only a registration and pings are legal at first', async () => {
    const early = await RawWorker.connect(endpoint);
    expect(await early.ping()).toMatchObject({ lastTimestamp: 7n });
    early.send({ case: 'updateWorker', value: { load: 0 } });
    expect(await early.closed).toBe(1006);
  });

  test('a second registration, an unknown type, a bad deployment, and garbage are dropped', async () => {
    const twice = await RawWorker.register(endpoint);
    twice.send({ case: 'register', value: { type: JobType.JT_ROOM } });
    const unknown = await RawWorker.connect(endpoint);
    unknown.send({ case: 'register', value: { type: 9 as JobType } });
    const deployment = await RawWorker.connect(endpoint);
    deployment.send({ case: 'register', value: { deployment: 'with space' } });
    const garbage = await RawWorker.register(endpoint);
    garbage.sendBytes(new Uint8Array([255, 255, 255]));
    const codes = [twice, unknown, deployment, garbage].map(({ closed }) => closed);
    expect(await Promise.all(codes)).toEqual([1006, 1006, 1006, 1006]);
    await endpoint.until(({ workers }) => workers.length === 0);
  });

  test('a worker is what it last reported; a report without a load resets it to 0', async () => {
    const worker = await RawWorker.register(endpoint, 'dental');
    expect(endpoint.workers).toMatchObject([{ agentName: 'dental', load: 0, status: 'available' }]);
    await worker.report(0.5, WorkerStatus.WS_FULL, 3);
    expect(endpoint.workers).toMatchObject([{ load: 0.5, status: 'full', jobCount: 3 }]);
    await worker.report(undefined);
    expect(endpoint.workers).toMatchObject([{ load: 0, status: 'available' }]);
  });
});

describe('finding a worker', () => {
  test('says when there is none, or none of that name', async () => {
    await expect(endpoint.call()).rejects.toThrow(
      'no workers: none is registered without an agent name',
    );
    await RawWorker.register(endpoint, 'dental');
    await expect(endpoint.call({ agentName: 'bank' })).rejects.toThrow(
      'under the agent name "bank"',
    );
    expect(endpoint.jobs).toMatchObject([
      { status: 'failed' },
      { status: 'failed', agentName: 'bank' },
    ]);
  });

  test('full workers, and those at the target load, are not asked', async () => {
    const worker = await RawWorker.register(endpoint);
    await worker.report(0.7);
    await expect(endpoint.call()).rejects.toThrow('no workers with sufficient capacity');
    await worker.report(0.1, WorkerStatus.WS_FULL);
    await expect(endpoint.call()).rejects.toThrow('no workers with sufficient capacity');
    await worker.report(0.69);
    endpoint.dispatch();
    expect((await worker.accept()).url).toMatch(/^embedded:/);
  });

  test('after a refusal the next worker is asked, and each only once', async () => {
    const workers = [await RawWorker.register(endpoint), await RawWorker.register(endpoint)];
    const jobId = endpoint.dispatch();
    const asked = workers.map((worker) => worker.answer({ available: false }));
    expect(await Promise.all(asked)).toEqual([jobId, jobId]);
    await endpoint.until(({ jobs }) => jobs[0]?.status === 'failed');
    expect(endpoint.jobs[0]?.error).toBe('all refused: 2 worker(s) were asked');
  });

  test('a worker that goes away while it is asked counts as a refusal', async () => {
    const worker = await RawWorker.register(endpoint);
    endpoint.dispatch();
    await worker.next('availability');
    worker.close();
    await endpoint.until(({ jobs }) => jobs[0]?.error.startsWith('all refused') === true);
  });

  test('a worker that does not answer in time loses the job, and its late answer is dropped', async () => {
    const worker = await RawWorker.register(endpoint);
    endpoint.dispatch();
    const offer = await worker.next('availability');
    await endpoint.until(({ jobs }) => jobs[0]?.error.startsWith('timed out') === true);
    worker.send({ case: 'availability', value: { jobId: offer.job?.id ?? '', available: true } });
    await worker.ping();
    expect(endpoint.jobs).toMatchObject([{ status: 'failed', workerId: '' }]);
  });

  test('terminate ends the job as a success without an agent', async () => {
    const worker = await RawWorker.register(endpoint);
    const dialing = endpoint.call();
    await Promise.all([
      expect(dialing).rejects.toThrow('ended the job without running it'),
      worker.answer({ available: false, terminate: true }),
    ]);
    expect(endpoint.jobs).toMatchObject([{ status: 'success' }]);
  });

  test('an offer carries the room, both metadata, and the agent name', async () => {
    const worker = await RawWorker.register(endpoint, 'dental');
    endpoint.dispatch({
      room: 'r1',
      metadata: 'plain',
      agentName: 'dental',
      jobMetadata: { tenant: 'acme' },
    });
    const { job } = await worker.next('availability');
    expect(job).toMatchObject({
      agentName: 'dental',
      metadata: '{"tenant":"acme"}',
      room: { name: 'r1', metadata: 'plain' },
      state: { status: JobStatus.JS_RUNNING },
    });
  });
});

describe('ending a job', () => {
  test('the first final status counts, other workers and unknown jobs are ignored', async () => {
    const [worker, other] = [
      await RawWorker.register(endpoint),
      await RawWorker.register(endpoint, 'x'),
    ];
    const jobId = endpoint.dispatch();
    await worker.accept();
    other.finish(jobId, JobStatus.JS_FAILED);
    other.finish('AJ_unknown');
    await other.ping();
    expect(endpoint.jobs[0]?.status).toBe('running');
    worker.finish(jobId, JobStatus.JS_FAILED, 'broke');
    worker.finish(jobId);
    await worker.ping();
    expect(endpoint.jobs).toMatchObject([{ status: 'failed', error: 'broke' }]);
  });

  test('terminate() tells the worker and records a success', async () => {
    const worker = await RawWorker.register(endpoint);
    const jobId = endpoint.dispatch();
    await worker.accept();
    endpoint.terminate(jobId);
    expect(await worker.next('termination')).toMatchObject({ jobId });
    expect(endpoint.jobs).toMatchObject([{ status: 'success' }]);
    expect(() => endpoint.terminate(jobId)).toThrow('no running job');
  });

  test('a status of a lost connection is taken from the next one', async () => {
    const before = await RawWorker.register(endpoint);
    const jobId = endpoint.dispatch();
    await before.accept();
    endpoint.dropWorkers();
    expect(await before.closed).toBe(1006);
    await endpoint.until(({ workers }) => workers.length === 0);
    const after = await RawWorker.register(endpoint);
    after.finish(jobId);
    await endpoint.until(({ jobs }) => jobs[0]?.status === 'success');
  });
});

test('close() settles what runs, and nothing works after it', async () => {
  const worker = await RawWorker.register(endpoint);
  endpoint.dispatch();
  await worker.accept();
  const waiting = expect(endpoint.until(() => false)).rejects.toThrow('was closed');
  await endpoint.close();
  await waiting;
  expect(await worker.closed).toBe(1006);
  expect(endpoint.jobs[0]?.error).toContain('was closed');
  await expect(endpoint.call()).rejects.toThrow('is closed');
});
