import { JobStatus, WorkerStatus } from '@livekit/protocol';
import { expect } from 'vitest';

import { deferred } from '../../base/deferred.js';
import { FakeAcceptance, assignment, offer } from '../link-harness.js';
import type { Rule } from './rule.fixture.js';

const hostileIds = ['__proto__', 'constructor', 'toString', ' ', 'a\nb', 'x'.repeat(10 * 1024)];

/** The rules for an offer, up to its assignment. */
export const jobRules: readonly Rule[] = [
  ...hostileIds.map((jobId): Rule => ({
    id: 'P17',
    must: `runs a job whose id is ${JSON.stringify(jobId.slice(0, 20))}, like any other`,
    async run(bench) {
      const server = await bench.server();
      const { connection, calls, ends } = await bench.pool(server);
      connection.send(offerOf(jobId));
      expect(await connection.next('availability')).toMatchObject({ jobId, available: true });
      connection.send(assignment(jobId), { case: 'termination', value: { jobId } });
      await calls.began(jobId);
      expect((await ends.of(jobId)).status).toBe('success');
      expect(await connection.next('updateJob')).toMatchObject({
        jobId,
        status: JobStatus.JS_SUCCESS,
      });
    },
  })),
  {
    id: 'P17',
    must: 'refuses a job that is offered again while it is decided, accepted or running',
    async run(bench) {
      const server = await bench.server();
      const decision = deferred<FakeAcceptance>();
      const { connection, refused } = await bench.worker(server, {
        onOffer: () => decision.promise,
      });
      connection.send(offer('AJ_1'), offer('AJ_1'));
      expect(await connection.next('availability')).toMatchObject({ available: false });
      decision.resolve(new FakeAcceptance('AJ_1'));
      expect(await connection.next('availability')).toMatchObject({ available: true });
      connection.send(offer('AJ_1'), assignment('AJ_1'), offer('AJ_1'));
      for (const _ of ['accepted', 'running'])
        expect(await connection.next('availability')).toMatchObject({ available: false });
      expect(refused).toEqual(['duplicate', 'duplicate', 'duplicate']);
    },
  },
  {
    id: 'P18',
    must: 'answers once and in time, whatever user code does',
    async run(bench) {
      const server = await bench.server();
      const { connection, refused } = await bench.worker(server, {
        onOffer: () => new Promise(() => {}),
        timings: { answerMs: 10 },
      });
      connection.send(offer('AJ_1'));
      expect(await connection.next('availability')).toMatchObject({ available: false });
      await connection.settled();
      expect(connection.all('availability')).toHaveLength(1);
      expect(refused).toEqual(['too_slow']);
    },
  },
  {
    id: 'P18',
    must: 'refuses a job for an agent with more attributes than LiveKit takes, and counts it as refused alone',
    async run(bench) {
      const server = await bench.server();
      const { connection, pool } = await bench.pool(server);
      const agentName = 'x'.repeat(64 * 1_024);
      connection.send({ case: 'availability', value: { job: { id: 'AJ_1', agentName } } });
      expect(await connection.next('availability')).toMatchObject({ available: false });
      expect(pool.runtimeSnapshot()).toMatchObject({
        refused: { internal: 1 },
        lastRoutedAgent: null,
        reservedSessions: 0,
      });
    },
  },
  {
    id: 'P19',
    must: 'refuses for an unknown agent, when full and when draining, and never terminates',
    async run(bench) {
      const server = await bench.server();
      const { connection, pool, log, calls } = await bench.pool(server, {
        maxConcurrentSessions: 1,
      });
      connection.send(offerOf('AJ_0', '{"agent":"nobody"}'), offerOf('AJ_1'), offerOf('AJ_2'));
      const answers = [];
      for (const _ of [1, 2, 3]) answers.push(await connection.next('availability'));
      expect(log.lines.find(({ level }) => level === 'error')?.message).toContain('echo');
      connection.send(offerOf('AJ_1'));
      answers.push(await connection.next('availability'));
      connection.send(assignment('AJ_1'));
      await calls.began('AJ_1');
      const drained = pool.drain();
      connection.send(offerOf('AJ_3'));
      answers.push(await connection.next('availability'));
      expect(answers.map(({ available, terminate }) => [available, terminate])).toEqual([
        [false, false],
        [true, false],
        [false, false],
        [false, false],
        [false, false],
      ]);
      expect(pool.runtimeSnapshot().refused).toEqual({
        unknown_agent: 1,
        full: 1,
        duplicate: 1,
        draining: 1,
      });
      calls.end('AJ_1');
      await drained;
    },
  },
  {
    id: 'P20',
    must: 'has its own identity in every job, without anything a caller chooses, and names its agent in an attribute',
    async run(bench) {
      const server = await bench.server();
      const { connection } = await bench.pool(server);
      const room = { name: '\u001b[31m../../etc' };
      for (const id of ['AJ_1', 'AJ_2'])
        connection.send({
          case: 'availability',
          value: { job: { id, agentName: 'sales', room } },
        });
      for (const jobId of ['AJ_1', 'AJ_2'])
        expect(await connection.next('availability')).toMatchObject({
          participantIdentity: `agent-${jobId}`,
          participantAttributes: { 'lk.agent.name': 'sales' },
          participantMetadata: '',
        });
    },
  },
  {
    id: 'P21',
    must: 'frees the slot when the assignment does not come, comes late, or is lost with the connection',
    async run(bench) {
      const server = await bench.server();
      const { connection, acceptances } = await bench.worker(server, {
        timings: { assignmentMs: 20 },
      });
      connection.send(offer('AJ_1'));
      await connection.next('availability');
      expect(await acceptances.get('AJ_1')?.outcome).toBe('no assignment came');
      connection.send(assignment('AJ_1'), assignment('AJ_unknown'));
      for (const jobId of ['AJ_1', 'AJ_unknown'])
        expect(await connection.next('updateJob')).toMatchObject({
          jobId,
          status: JobStatus.JS_FAILED,
          error: 'unknown assignment',
        });
      connection.send(offer('AJ_1'));
      expect(await connection.next('availability')).toMatchObject({ available: true });
      connection.drop();
      expect(await acceptances.get('AJ_1')?.outcome).toContain('socket closed');
    },
  },
  {
    id: 'P21',
    must: 'ignores a second assignment of a running job: reporting it as failed would end the call',
    async run(bench) {
      const server = await bench.server();
      const { connection, acceptances, log } = await bench.worker(server);
      connection.send(offer('AJ_1'));
      await connection.next('availability');
      connection.send(assignment('AJ_1'), assignment('AJ_1'));
      await log.until('already runs');
      await connection.settled();
      expect(acceptances.get('AJ_1')?.outcomes).toHaveLength(1);
      expect(connection.all('updateJob')).toEqual([]);
    },
  },
  {
    id: 'P21',
    must: 'sends its join token only to its own host',
    async run(bench) {
      const server = await bench.server();
      const { connection, calls, ends, pool } = await bench.pool(server);
      connection.send(offerOf('AJ_1'));
      await connection.next('availability');
      connection.send(assignment('AJ_1', 'wss://elsewhere.example'));
      expect(await connection.next('updateJob')).toMatchObject({
        status: JobStatus.JS_FAILED,
        error: expect.stringMatching(/^SESSION_FOREIGN_HOST: .*elsewhere\.example/),
      });
      expect(await ends.of('AJ_1')).toMatchObject({ error: { code: 'SESSION_FOREIGN_HOST' } });
      expect(calls.tickets).toEqual([]);
      expect(pool.runtimeSnapshot()).toMatchObject({ activeSessions: 0, reservedSessions: 0 });
      connection.send(offerOf('AJ_2'));
      await connection.next('availability');
      const { port } = server;
      connection.send(assignment('AJ_2', `embedded://127.0.0.1:${port}`));
      expect((await calls.began('AJ_2')).media).toMatchObject({ token: 'join-token' });
    },
  },
  {
    id: 'P22',
    must: 'reports a job that could not be launched as failed, with a short reason',
    async run(bench) {
      const server = await bench.server();
      const { connection, calls } = await bench.pool(server);
      connection.send(offerOf('AJ_1'));
      await connection.next('availability');
      connection.send(assignment('AJ_1'));
      await calls.began('AJ_1');
      calls.end('AJ_1', new Error('no '.repeat(500)));
      const { status, error } = await connection.next('updateJob');
      expect(status).toBe(JobStatus.JS_FAILED);
      expect(error.length).toBeLessThanOrEqual(256);
    },
  },
  {
    id: 'P23',
    must: 'reports WS_FULL with load 1 when it is full, stays below the target load until then, and never reports NaN',
    async run(bench) {
      const server = await bench.server();
      const { connection } = await bench.pool(server, { maxConcurrentSessions: 3 });
      for (const at of [1, 2, 3]) {
        connection.send(offerOf(`AJ_${at}`));
        await connection.next('availability');
      }
      await connection.next('updateWorker', ({ jobCount }) => jobCount === 3);
      for (const { load, status, jobCount } of connection.all('updateWorker')) {
        expect(status).toBe(jobCount === 3 ? WorkerStatus.WS_FULL : WorkerStatus.WS_AVAILABLE);
        expect(load).toBeCloseTo(jobCount === 3 ? 1 : 0.69 * (jobCount / 3), 5);
      }
      const broken = await bench.server();
      const { connection: other } = await bench.worker(broken, {
        status: () => ({ full: false, load: Number.NaN, jobCount: 0 }),
      });
      expect((await other.next('updateWorker')).load).toBe(1);
    },
  },
  {
    id: 'P24',
    must: 'runs a simulated job, which has no dispatch, and never waits for its termination',
    async run(bench) {
      const server = await bench.server();
      const { connection, calls } = await bench.pool(server);
      connection.send(offerOf('AJ_1'));
      expect(await connection.next('availability')).toMatchObject({ available: true });
      connection.send(assignment('AJ_1'));
      await calls.began('AJ_1');
      calls.end('AJ_1');
      expect(await connection.next('updateJob')).toMatchObject({ status: JobStatus.JS_SUCCESS });
    },
  },
];

/** An offer to a pool without an agent name. */
function offerOf(id: string, metadata = '') {
  return { case: 'availability' as const, value: { job: { id, metadata, room: { name: 'r' } } } };
}
