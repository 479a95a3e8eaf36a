import { expect } from 'vitest';

import type { AuditEvent } from '../../operate/audit-event.js';
import { answerTo, type PythonRow, refused } from './python-row.fixture.js';

/** A sink that keeps what it gets. */
function kept() {
  const events: AuditEvent[] = [];
  const sink = (event: AuditEvent) => void events.push(event);
  return { events, sink };
}

/** What is written down, and what has been used. */
export const auditRows: readonly PythonRow[] = [
  {
    what: 'the fields of an event of the audit',
    python:
      'a number from 1, time, actor, event, target, result, version, and further ones beside them',
    here: 'the same ones, with the further ones in `details`, and the worker and the version of the form',
    differs: 'several workers may write to one file, and a further field cannot hide another one',
    proof: async (rig) => {
      const { events, sink } = kept();
      await rig.registered({ audit: { sink }, deploymentVersion: 'v7' });
      await expect.poll(() => events.length).toBe(2);
      expect(events.map(({ seq }) => seq)).toEqual([1, 2]);
      expect(Object.keys(events[0] ?? {}).join(' ')).toBe(
        'schemaVersion seq time worker version actor event target result details',
      );
      expect(events[0]).toMatchObject({ event: 'worker.started', actor: 'system', version: 'v7' });
    },
  },
  {
    what: 'the drain in the audit',
    fault: 'B15',
    python: 'documented; written by one method that nobody has to call, and not at SIGTERM',
    here: 'each drain, with who asked for it and the signal',
    differs: 'from the code only: the first question after a lost call is who has drained it',
    proof: async (rig) => {
      const { events, sink } = kept();
      const { pool, running } = await rig.registered({ audit: { sink } });
      await pool.drain();
      await running;
      const drain = events.find(({ event }) => event === 'worker.draining');
      expect(drain).toMatchObject({ actor: 'user_code', details: { by: 'drain_call' } });
      // The one at SIGTERM is tried with the real command.
    },
  },
  {
    what: 'refused calls in the audit',
    fault: 'B15',
    python: 'documented, and never written',
    here: 'the first one of a reason at once, further ones as a number each 10 s',
    differs: 'from the code only: the documents promise it',
    proof: async (rig) => {
      const { events, sink } = kept();
      const running = await rig.registered({
        audit: { sink },
        maxSessionsPerTenant: { acme: 1 },
      });
      await answerTo(rig, { tenant: 'acme' });
      for (let offer = 0; offer < 3; offer += 1)
        await refused(rig, running, 'tenant_full', { metadata: { tenant: 'acme' } });
      const told = events.filter(({ event }) => event === 'call.refused');
      expect(told).toMatchObject([{ details: { reason: 'tenant_full', count: 1 } }]);
    },
  },
  {
    what: 'a sink that fails',
    python:
      'its error is logged, say the documents; the code says nothing, and the number is used up',
    here: 'logged, counted, and written to that sink when it works again',
    differs: 'an audit with a hole that nobody knows of proves nothing',
    proof: async (rig) => {
      const { events, sink } = kept();
      let fails = true;
      const failing = (event: AuditEvent) => {
        if (fails) throw new Error('no room');
        sink(event);
      };
      const running = await rig.registered({
        audit: { sink: failing },
        maxSessionsPerTenant: { acme: 1 },
      });
      await rig.log.until('no room');
      fails = false;
      await answerTo(rig, { tenant: 'acme' });
      await refused(rig, running, 'tenant_full', { metadata: { tenant: 'acme' } });
      await expect.poll(() => events.map(({ event }) => event)).toContain('audit.lost');
    },
  },
  {
    what: 'the audit without a sink',
    python: 'goes to the log',
    here: 'there is none',
    differs: 'the log has lines of its own about all of it, for people',
    proof: async (rig) => {
      await rig.registered();
      expect(rig.log.matching('info', /registered with LiveKit/)).toHaveLength(1);
      expect(rig.log.matching('info', /audit/)).toEqual([]);
    },
  },
  {
    what: 'what a customer has used',
    python: 'its metrics carry agent and tenant; nobody adds them up',
    here: '`pool.usage()`, a line for each ended call, and `openrtc usage`',
    differs: 'it is what customers are billed by',
    proof: async (rig) => {
      const { pool } = await rig.registered();
      await answerTo(rig, { tenant: 'acme' });
      expect(pool.usage().rows).toMatchObject([{ tenant: 'acme', calls: 1, liveCalls: 1 }]);
    },
  },
];
