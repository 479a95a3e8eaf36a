import { JobStatus } from '@livekit/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { deferred } from '../base/deferred.js';
import { FakeServer } from './fake-server.js';
import type { JobOffer } from '../call/job-offer.js';
import {
  FakeAcceptance,
  type HarnessOptions,
  assignment,
  offer,
  registered,
} from './link-harness.js';
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

test('an offer has the agent name, the room and the metadata', async () => {
  const offers: JobOffer[] = [];
  const { connection } = await worker({
    onOffer: (seen) => {
      offers.push(seen);
      return { refused: 'full' };
    },
  });
  connection.send(offer('AJ_1'));
  await connection.next('availability');
  expect(offers).toEqual([
    expect.objectContaining({
      jobId: 'AJ_1',
      room: 'lobby',
      roomMetadata: 'room md',
      jobMetadata: 'job md',
      agentName: 'sales',
    }),
  ]);
});

test('an acceptance sends identity, name and attributes, and receives its assignment', async () => {
  const { connection, acceptances } = await worker();
  connection.send(offer('AJ_1'));
  expect(await connection.next('availability')).toMatchObject({
    jobId: 'AJ_1',
    available: true,
    terminate: false,
    participantIdentity: 'agent-AJ_1',
    participantName: 'Ada',
    participantAttributes: { 'lk.agent.name': 'sales' },
  });
  connection.send(assignment('AJ_1', 'wss://other-node'));
  expect(await acceptances.get('AJ_1')?.outcome).toMatchObject({
    job: { id: 'AJ_1' },
    url: 'wss://other-node',
    token: 'join-token',
    workerId: connection.workerId,
  });
  expect(acceptances.get('AJ_1')?.wasSent).toBe(true);
});

test('a refusal leaves the job to other workers', async () => {
  const { connection } = await worker({ onOffer: () => ({ refused: 'full' }) });
  connection.send(offer('AJ_1'));
  expect(await connection.next('availability')).toMatchObject({
    jobId: 'AJ_1',
    available: false,
    terminate: false,
  });
});

test.each([
  [
    'throws',
    (): never => {
      throw new Error('a bug in a router');
    },
  ],
  ['rejects', () => Promise.reject(new Error('a bug in a router'))],
])('a decision that %s is a refusal', async (_how, onOffer) => {
  const { connection, log, refused } = await worker({ onOffer });
  connection.send(offer('AJ_1'));
  expect(await connection.next('availability')).toMatchObject({
    available: false,
    terminate: false,
  });
  expect(refused).toEqual(['internal']);
  await connection.settled();
  expect(connection.all('availability')).toHaveLength(1);
  expect(log.has('the decision failed')).toBe(true);
});

test('an agent with more attributes than LiveKit takes is a refusal', async () => {
  const tooLarge = new FakeAcceptance('AJ_1', 'x'.repeat(64 * 1024));
  const answered: boolean[] = [];
  const { connection, log, refused } = await worker({
    onOffer: () => tooLarge,
    onAnswered: (_ms, accepted) => answered.push(accepted),
  });
  connection.send(offer('AJ_1'));
  expect(await connection.next('availability')).toMatchObject({ available: false });
  expect(await tooLarge.outcome).toBe('its participant would be too large');
  await connection.settled();
  expect(connection.all('availability')).toHaveLength(1);
  expect({ refused, answered, sent: tooLarge.wasSent }).toEqual({
    refused: ['internal'],
    answered: [false],
    sent: false,
  });
  expect(log.lines).toContainEqual({
    level: 'error',
    fields: { jobId: 'AJ_1', bytes: expect.any(Number) },
    message: 'refused a job because its participant would be too large',
  });
});

test('a slow decision is a refusal in time, and its later acceptance is abandoned', async () => {
  const decision = deferred<FakeAcceptance>();
  const { connection } = await worker({
    onOffer: () => decision.promise,
    timings: { answerMs: 10 },
  });
  connection.send(offer('AJ_1'));
  expect(await connection.next('availability')).toMatchObject({ available: false });
  const late = new FakeAcceptance('AJ_1');
  decision.resolve(late);
  expect(await late.outcome).toBe('the decision came too late');
  expect(late.wasSent).toBe(false);
  await connection.settled();
  expect(connection.all('availability')).toHaveLength(1);
});

test('a slow decision that fails later is only logged', async () => {
  const decision = deferred<FakeAcceptance>();
  const { connection, log } = await worker({
    onOffer: () => decision.promise,
    timings: { answerMs: 10 },
  });
  connection.send(offer('AJ_1'));
  await connection.next('availability');
  decision.reject(new Error('too late anyway'));
  await log.until('after it was refused');
});

test('a job that is offered again is refused, both before and after it is accepted', async () => {
  const decision = deferred<FakeAcceptance>();
  let asked = 0;
  const { connection } = await worker({
    onOffer: () => {
      asked += 1;
      return decision.promise;
    },
  });
  connection.send(offer('AJ_1'), offer('AJ_1'));
  expect(await connection.next('availability')).toMatchObject({ available: false });
  const acceptance = new FakeAcceptance('AJ_1');
  decision.resolve(acceptance);
  expect(await connection.next('availability')).toMatchObject({ available: true });
  connection.send(offer('AJ_1'));
  expect(await connection.next('availability')).toMatchObject({ available: false });
  connection.send(assignment('AJ_1'));
  expect(await acceptance.outcome).toMatchObject({ job: { id: 'AJ_1' } });
  expect(asked).toBe(1);
});

test('a job with a hostile id is a job like any other', async () => {
  const { connection, acceptances } = await worker();
  connection.send(offer('__proto__'));
  expect(await connection.next('availability')).toMatchObject({
    jobId: '__proto__',
    available: true,
  });
  connection.send(assignment('__proto__'));
  expect(await acceptances.get('__proto__')?.outcome).toMatchObject({ job: { id: '__proto__' } });
});

test('a request without a job is ignored', async () => {
  const { connection } = await worker();
  connection.send({ case: 'availability', value: {} }, offer('AJ_1'));
  expect(await connection.next('availability')).toMatchObject({ jobId: 'AJ_1' });
  await connection.settled();
  expect(connection.all('availability')).toHaveLength(1);
});

test('an accepted job without an assignment is abandoned, and not started when the assignment comes late', async () => {
  const { connection, acceptances } = await worker({ timings: { assignmentMs: 10 } });
  connection.send(offer('AJ_1'));
  await connection.next('availability');
  expect(await acceptances.get('AJ_1')?.outcome).toBe('no assignment came');
  connection.send(assignment('AJ_1'));
  expect(await connection.next('updateJob')).toMatchObject({
    jobId: 'AJ_1',
    status: JobStatus.JS_FAILED,
  });
  expect(acceptances.get('AJ_1')?.outcomes).toHaveLength(1);
});

test('an accepted job is abandoned when the connection is lost', async () => {
  const { connection, acceptances } = await worker();
  connection.send(offer('AJ_1'));
  await connection.next('availability');
  connection.drop();
  expect(await acceptances.get('AJ_1')?.outcome).toBe('socket closed with 1006');
});

test('an acceptance after the connection was lost is abandoned, and not sent on the next one', async () => {
  const decision = deferred<FakeAcceptance>();
  const { connection } = await worker({ onOffer: () => decision.promise });
  connection.send(offer('AJ_1'));
  await connection.settled();
  connection.drop();
  const next = await server.connection();
  await next.next('updateWorker');
  const acceptance = new FakeAcceptance('AJ_1');
  decision.resolve(acceptance);
  expect(await acceptance.outcome).toBe('the connection was lost before the answer');
  await next.settled();
  expect(next.all('availability')).toEqual([]);
});

test('an unexpected assignment is reported as failed, and not started', async () => {
  const { connection, acceptances } = await worker();
  connection.send(assignment('AJ_unknown'));
  expect(await connection.next('updateJob')).toMatchObject({
    jobId: 'AJ_unknown',
    status: JobStatus.JS_FAILED,
    error: 'unknown assignment',
  });
  expect(acceptances.size).toBe(0);
});

test('a burst of offers is decided in order, each with one answer', async () => {
  let places = 5;
  const seen: string[] = [];
  const { connection } = await worker({
    onOffer: ({ jobId }) => {
      seen.push(jobId);
      places -= 1;
      return places >= 0 ? new FakeAcceptance(jobId) : { refused: 'full' };
    },
  });
  const ids = Array.from({ length: 20 }, (_, at) => `AJ_${at}`);
  connection.send(...ids.map(offer));
  for (const id of ids) await connection.next('availability', ({ jobId }) => jobId === id);
  expect(seen).toEqual(ids);
  expect(connection.all('availability').map(({ available }) => available)).toEqual(
    ids.map((_, at) => at < 5),
  );
});
