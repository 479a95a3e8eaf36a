import { JobStatus, WorkerStatus } from '@livekit/protocol';
import { expect } from 'vitest';

import { startEmbeddedLiveKit } from '../../testing/embedded/embedded-livekit.js';
import { RawWorker } from '../../testing/embedded/raw-worker.fixture.js';
import { FinalUpdates } from '../final-updates.js';
import { assignment } from '../link-harness.js';
import type { FakeConnection } from '../fake-server.js';
import type { Bench, Rule } from './rule.fixture.js';

/** The rules for a running job and its end. */
export const endRules: readonly Rule[] = [
  {
    id: 'P25',
    must: 'reports a job as running after the join, and reports its end once',
    async run(bench) {
      const { connection, calls } = await live(bench, 'AJ_1');
      expect(connection.all('updateJob')).toEqual([]);
      await calls.join('AJ_1');
      calls.end('AJ_1');
      for (const status of [JobStatus.JS_RUNNING, JobStatus.JS_SUCCESS])
        expect(await connection.next('updateJob')).toMatchObject({
          jobId: 'AJ_1',
          status,
          error: '',
        });
      await connection.settled();
      expect(connection.all('updateJob')).toHaveLength(2);
    },
  },
  {
    id: 'P25',
    must: 'keeps the final status of a call that ended during an outage, and delivers it after it',
    async run(bench) {
      const { connection, calls, server } = await live(bench, 'AJ_1');
      server.script.refuse = { status: 503 };
      connection.drop();
      calls.end('AJ_1');
      await connection.closed;
      delete server.script.refuse;
      const next = await server.connection();
      expect(await next.next('updateJob')).toMatchObject({
        jobId: 'AJ_1',
        status: JobStatus.JS_SUCCESS,
      });
    },
  },
  {
    id: 'P25',
    must: 'keeps at most 1,000 final statuses',
    async run() {
      const finals = new FinalUpdates();
      const status = JobStatus.JS_SUCCESS as const;
      const added = [...Array(1_001).keys()].map((at) =>
        finals.add({ jobId: `AJ_${at}`, status, error: '' }),
      );
      await added[0];
      expect(finals.pending).toHaveLength(1_000);
    },
  },
  {
    id: 'P28',
    must: 'ends a call once for several terminations, also before its join, and ignores unknown ids',
    async run(bench) {
      const { connection, calls, ends } = await live(bench, 'AJ_1');
      const terminate = (jobId: string) => ({ case: 'termination' as const, value: { jobId } });
      connection.send(terminate('AJ_unknown'), terminate('AJ_1'), terminate('AJ_1'));
      expect((await ends.of('AJ_1')).status).toBe('success');
      expect(calls.hangUps).toMatchObject([{ reason: 'terminated' }]);
      expect(await connection.next('updateJob')).toMatchObject({ status: JobStatus.JS_SUCCESS });
      connection.send(terminate('AJ_1'));
      await connection.settled();
      expect(connection.all('updateJob')).toHaveLength(1);
    },
  },
  {
    id: 'P29',
    must: 'ends no call when the connection is lost, and reports it as running on the next one',
    async run(bench) {
      const { connection, calls, server, pool } = await live(bench, 'AJ_1');
      await calls.join('AJ_1');
      await connection.next('updateJob');
      connection.drop();
      const next = await server.connection();
      expect(await next.next('migrateJob')).toMatchObject({ jobIds: ['AJ_1'] });
      expect(await next.next('updateJob')).toMatchObject({ status: JobStatus.JS_RUNNING });
      expect(calls.hangUps).toEqual([]);
      expect(pool.runtimeSnapshot()).toMatchObject({
        activeSessions: 1,
        livekit: { state: 'registered', reconnects: 1 },
      });
    },
  },
  {
    id: 'P29',
    must: 'is a new worker to the server after that, on the embedded endpoint as on LiveKit',
    async run(bench) {
      const livekit = await startEmbeddedLiveKit();
      bench.later(() => livekit.close());
      const worker = await RawWorker.register(livekit);
      const [before] = livekit.workers;
      worker.close();
      await livekit.until(({ workers }) => workers.length === 0);
      await RawWorker.register(livekit);
      expect(livekit.workers[0]?.id).not.toBe(before?.id);
    },
  },
  {
    id: 'P30',
    must: 'drains with WS_FULL and refusals, keeps its socket, runs accepted jobs, and closes last',
    async run(bench) {
      const { connection, calls, pool, running } = await live(bench, 'AJ_1');
      connection.send(offerOf('AJ_2'));
      expect(await connection.next('availability')).toMatchObject({ available: true });
      const drained = pool.drain();
      await connection.next('updateWorker', ({ status }) => status === WorkerStatus.WS_FULL);
      connection.send(offerOf('AJ_3'));
      expect(await connection.next('availability')).toMatchObject({ available: false });
      connection.send(assignment('AJ_2'));
      await calls.began('AJ_2');
      for (const jobId of ['AJ_1', 'AJ_2']) {
        calls.end(jobId);
        expect(await connection.next('updateJob')).toMatchObject({
          jobId,
          status: JobStatus.JS_SUCCESS,
        });
      }
      await Promise.all([drained, running, connection.closed]);
    },
  },
];

/** A pool with one live call. */
async function live(bench: Bench, jobId: string) {
  const server = await bench.server();
  const pool = await bench.pool(server);
  await take(pool.connection, jobId);
  await pool.calls.began(jobId);
  return { ...pool, server };
}

async function take(connection: FakeConnection, jobId: string): Promise<void> {
  connection.send(offerOf(jobId));
  expect(await connection.next('availability')).toMatchObject({ available: true });
  connection.send(assignment(jobId));
}

function offerOf(id: string) {
  return { case: 'availability' as const, value: { job: { id, room: { name: 'lobby' } } } };
}
