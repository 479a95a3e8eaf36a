import { JobStatus, WorkerStatus } from '@livekit/protocol';
import { expect, vi } from 'vitest';

import { resolveOptions } from '../../options/resolve-options.js';
import { WorkerLinks } from '../worker-links.js';
import { offer } from '../link-harness.js';
import type { Rule } from './rule.fixture.js';

const success = (jobId: string) => ({ jobId, status: JobStatus.JS_SUCCESS as const, error: '' });

export const registerRules: readonly Rule[] = [
  {
    id: 'P7',
    must: 'sends nothing before the register response, and registers once per connection',
    async run(bench) {
      const server = await bench.server({ registers: false });
      const { link } = bench.link(server);
      const started = link.start();
      const connection = await server.connection();
      await connection.next('register');
      link.sendStatus();
      link.sendRunning('AJ_1');
      const final = link.sendFinal(success('AJ_1'));
      await connection.settled();
      expect(connection.cases).toEqual(['register']);
      connection.send(connection.registration);
      await Promise.all([started, final]);
      expect(connection.all('register')).toHaveLength(1);
    },
  },
  {
    id: 'P7',
    must: 'ignores a second register response',
    async run(bench) {
      const server = await bench.server();
      const { connection, link } = await bench.worker(server);
      connection.send({ case: 'register', value: { workerId: 'AW_other' } }, offer('AJ_1'));
      expect(await connection.next('availability')).toMatchObject({ available: true });
      expect(link.workerId).toBe(connection.workerId);
      expect(server.connections).toHaveLength(1);
    },
  },
  {
    id: 'P8',
    must: 'closes a connection without a register response, and an upgrade without an answer',
    async run(bench) {
      const server = await bench.server({ holds: true });
      const { link, log } = bench.link(server, { timings: { registerMs: 30 } });
      const started = link.start();
      await log.until('did not answer the registration');
      server.script.holds = false;
      server.script.registers = false;
      await (
        await server.connection()
      ).closed;
      server.script.registers = true;
      await started;
    },
  },
  {
    id: 'P9',
    must: 'registers each type by its number, and rejects options for which the server would close the socket',
    async run(bench) {
      for (const [type, jobType] of (['room', 'publisher', 'participant'] as const).entries()) {
        const server = await bench.server();
        const registration = {
          jobType,
          agentName: 'a',
          deployment: '',
          version: '1',
          permissions: {},
        };
        const { connection } = await bench.worker(server, { registration });
        expect(connection.all('register')).toMatchObject([{ type, agentName: 'a' }]);
      }
      for (const deployment of ['a_b', 'a b', 'a\u0000b', 'x'.repeat(65)])
        expect(() => resolveOptions({ deployment }, {})).toThrow('deployment (');
      for (const jobTypes of [['rooms'], [], ['room', 'room'], 'room'])
        expect(() => resolveOptions({ jobTypes: jobTypes as never }, {})).toThrow('jobTypes');
    },
  },
  {
    id: 'P10',
    must: 'names every permission it needs, and rejects sources, which no token would have',
    async run(bench) {
      const server = await bench.server();
      const { connection } = await bench.pool(server, { permissions: { hidden: true } });
      expect(connection.all('register')[0]?.allowedPermissions).toMatchObject({
        canPublish: true,
        canSubscribe: true,
        canPublishData: true,
        canUpdateMetadata: true,
        hidden: true,
        canPublishSources: [],
      });
      for (const permissions of [{ canPublishSources: [] }, { hidden: 'yes' }])
        expect(() => resolveOptions({ permissions: permissions as never }, {})).toThrow(
          'permissions',
        );
    },
  },
  {
    id: 'P11',
    must: 'sends after each registration its status, migrates its jobs, and reports which run and which have ended',
    async run(bench) {
      const server = await bench.server({ pongs: false });
      const { connection, link } = await bench.worker(server);
      link.sendRunning('AJ_live');
      const final = link.sendFinal(success('AJ_over'));
      await connection.next('updateJob', ({ jobId }) => jobId === 'AJ_over');
      server.script.pongs = true;
      connection.drop();
      await final;
      const next = await server.connection();
      const { jobIds } = await next.next('migrateJob');
      expect(jobIds).toEqual(['AJ_live', 'AJ_over']);
      expect(next.cases.slice(0, 5)).toEqual([
        'register',
        'updateWorker',
        'migrateJob',
        'updateJob',
        'updateJob',
      ]);
      expect(next.all('updateJob')).toMatchObject([
        { jobId: 'AJ_live', status: JobStatus.JS_RUNNING },
        { jobId: 'AJ_over', status: JobStatus.JS_SUCCESS },
      ]);
      expect(link.workerId).not.toBe(connection.workerId);
    },
  },
  {
    id: 'P11',
    must: 'waits longer and longer for a server that flaps',
    async run(bench) {
      const server = await bench.server({ flaps: true });
      const { link, log } = bench.link(server);
      await link.start();
      for (const _ of [1, 2, 3, 4]) await server.connection();
      server.script.flaps = false;
      await (await server.connection()).next('updateWorker');
      const attempts = log.lines.flatMap(({ message, fields }) =>
        message.includes('next attempt') && 'attempt' in fields ? [fields.attempt] : [],
      );
      expect(attempts.slice(0, 4)).toEqual([0, 1, 2, 3]);
    },
  },
  {
    id: 'P12',
    must: 'registers once for each name and type, with one capacity for all of them',
    async run(bench) {
      const server = await bench.server();
      await bench.pool(server, {
        dispatch: 'per_agent',
        jobTypes: ['room', 'participant'],
        agents: { sales: () => Promise.reject(new Error('not built here')), support: failing },
        maxConcurrentSessions: 1,
      });
      // The pool has already read the first of them.
      for (const _ of [2, 3, 4]) await (await server.connection()).next('register');
      const registered = server.connections.flatMap((each) => each.all('register'));
      expect(registered.map(({ agentName, type }) => `${agentName} ${type}`).toSorted()).toEqual([
        'sales 0',
        'sales 2',
        'support 0',
        'support 2',
      ]);
      const [first] = server.connections;
      first?.send({ case: 'availability', value: { job: { id: 'AJ_1', agentName: 'sales' } } });
      for (const connection of server.connections)
        expect(
          await connection.next('updateWorker', ({ jobCount }) => jobCount === 1),
        ).toMatchObject({ status: WorkerStatus.WS_FULL, load: 1 });
    },
  },
  {
    id: 'P13',
    must: 'never has two live sockets for one registration',
    async run(bench) {
      const server = await bench.server();
      const { connection } = await bench.worker(server, { timings: { heartbeatMs: 20 } });
      await connection.next('ping');
      connection.freeze();
      const next = await server.connection();
      await next.next('updateWorker');
      connection.thaw();
      await connection.closed;
      expect(server.open).toBe(1);
    },
  },
  {
    id: 'P14',
    must: 'reconnects when the server stops reading and answering',
    async run(bench) {
      const server = await bench.server();
      const { connection, link } = await bench.worker(server, { timings: { heartbeatMs: 20 } });
      await connection.next('ping');
      connection.freeze();
      await (await server.connection()).next('updateWorker');
      expect(link.reconnects).toBe(1);
    },
  },
  {
    id: 'P15',
    must: 'detects a dead server behind a proxy that answers pings',
    async run(bench) {
      const server = await bench.server();
      const { connection, log } = await bench.worker(server, { timings: { heartbeatMs: 20 } });
      await connection.next('ping');
      await connection.settled();
      connection.mute();
      await (await server.connection()).next('updateWorker');
      expect(log.has('LiveKit is silent')).toBe(true);
    },
  },
  {
    id: 'P16',
    must: 'reconnects after any close code, any number of times',
    async run(bench) {
      const server = await bench.server();
      const { connection, link } = await bench.worker(server);
      let current = connection;
      for (const code of [1000, 1001, 1008, 1011, 4000, 1006, 1000, 1006, 1006, 1006, 1006, 1006]) {
        if (code === 1006) current.drop();
        else current.goodbye(code);
        current = await server.connection();
        await current.next('updateWorker');
      }
      expect(link).toMatchObject({ state: 'registered', reconnects: 12 });
    },
  },
  {
    id: 'P16',
    must: 'is not disturbed by a jump of the wall clock',
    async run(bench) {
      const server = await bench.server();
      vi.useFakeTimers({ toFake: ['Date'] });
      const { connection, acceptances } = await bench.worker(server, {
        timings: { heartbeatMs: 5 },
      });
      connection.send(offer('AJ_1'));
      await connection.next('availability');
      for (const hours of [2, -4]) {
        vi.setSystemTime(Date.now() + hours * 3_600_000);
        for (const _ of [1, 2, 3, 4]) await connection.next('ping');
      }
      expect(server.connections).toHaveLength(1);
      expect(acceptances.get('AJ_1')?.outcomes).toEqual([]);
    },
  },
  {
    id: 'P12',
    must: 'opens and closes sockets when registrations change, and lets live calls end first',
    async run(bench) {
      const server = await bench.server();
      const { log, acceptances, links: linkOf, refused, options } = bench.linksTo(server);
      const links = new WorkerLinks(options, [registrationOf('a')]);
      bench.later(() => links.close());
      await links.start();
      const a = await server.connection();
      links.sync([registrationOf('a'), registrationOf('b')]);
      expect(links.state).toBe('connecting');
      const b = await server.connection();
      expect(await b.next('register')).toMatchObject({ agentName: 'b' });
      await log.until('registered with LiveKit');
      a.send(offer('AJ_1'));
      await a.next('availability');
      a.send({ case: 'assignment', value: { job: { id: 'AJ_1' }, token: 't' } });
      await acceptances.get('AJ_1')?.outcome;
      links.sync([registrationOf('b')]);
      await a.next('updateWorker', ({ status }) => status === WorkerStatus.WS_FULL);
      a.send(offer('AJ_2'));
      expect(await a.next('availability')).toMatchObject({ jobId: 'AJ_2', available: false });
      expect(refused).toEqual(['draining']);
      await linkOf.get('AJ_1')?.sendFinal(success('AJ_1'));
      expect(await a.next('updateJob')).toMatchObject({ jobId: 'AJ_1' });
      await a.closed;
      expect(links.registrations.map(({ agentName }) => agentName)).toEqual(['b']);
    },
  },
];

function failing(): never {
  throw new Error('not built here');
}

function registrationOf(agentName: string) {
  return { jobType: 'room' as const, agentName, deployment: '', version: '1', permissions: {} };
}
