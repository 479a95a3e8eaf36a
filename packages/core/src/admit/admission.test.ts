import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';

import { type Gate, Admission, type Reservation } from './admission.js';

const call = (jobId: string, agent = 'sales') => ({
  jobId,
  agent,
  tenant: 'default',
  room: 'lobby',
});

function reserved(admission: Admission, jobId: string, agent?: string): Reservation {
  const reservation = admission.reserve(call(jobId, agent));
  if ('refused' in reservation) throw new Error(reservation.message);
  return reservation;
}

describe('Admission', () => {
  it('counts a reservation against the cap before the call is active', () => {
    const admission = new Admission({ maxConcurrentSessions: 2 });
    reserved(admission, 'a');
    expect(admission.full).toBe(false);
    const second = reserved(admission, 'b');
    expect(admission).toMatchObject({ active: 0, reserved: 2, max: 2, full: true });
    expect(admission.reserve(call('c'))).toMatchObject({ refused: 'full' });
    second.activate();
    expect(admission).toMatchObject({ active: 1, reserved: 1, full: true });
    second.release();
    expect(admission).toMatchObject({ active: 0, reserved: 1, full: false });
  });

  it('refuses a job that is reserved or active, and accepts it again after its release', () => {
    const admission = new Admission({ maxConcurrentSessions: 3 });
    const first = reserved(admission, 'a');
    expect(admission.reserve(call('a'))).toMatchObject({ refused: 'duplicate' });
    first.activate();
    expect(admission.reserve(call('a'))).toMatchObject({ refused: 'duplicate' });
    first.release();
    const second = reserved(admission, 'a');
    first.release();
    first.activate();
    expect(admission).toMatchObject({ active: 0, reserved: 1 });
    second.release();
    expect(admission.reserved).toBe(0);
  });

  it('treats job ids as keys only', () => {
    const admission = new Admission({ maxConcurrentSessions: 3 });
    reserved(admission, '__proto__');
    reserved(admission, 'constructor');
    expect(admission.reserved).toBe(2);
  });

  it('activates and releases once', () => {
    const admission = new Admission({ maxConcurrentSessions: 3 });
    const one = reserved(admission, 'a');
    reserved(admission, 'b').activate();
    one.activate();
    one.activate();
    expect(admission.active).toBe(2);
    one.release();
    one.release();
    one.activate();
    expect(admission).toMatchObject({ active: 1, reserved: 0 });
  });

  it('refuses new calls while it drains, and keeps its calls', () => {
    const admission = new Admission({ maxConcurrentSessions: 3 });
    const kept = reserved(admission, 'a');
    admission.drain();
    expect(admission.draining).toBe(true);
    expect(admission.reserve(call('b'))).toMatchObject({ refused: 'draining' });
    kept.activate();
    expect(admission.active).toBe(1);
  });

  it('is idle when nothing is reserved or active', async () => {
    const admission = new Admission({ maxConcurrentSessions: 3 });
    await admission.idle();
    const one = reserved(admission, 'a');
    const two = reserved(admission, 'b');
    two.activate();
    const idle = vi.fn();
    const waiting = Promise.all([admission.idle().then(idle), admission.idle()]);
    one.release();
    await Promise.resolve();
    expect(idle).not.toHaveBeenCalled();
    two.release();
    await waiting;
    expect(idle).toHaveBeenCalledOnce();
  });

  it('notifies its watcher once after each change', () => {
    const seen: string[] = [];
    const admission = new Admission({ maxConcurrentSessions: 1 });
    admission.watch(() =>
      seen.push(
        `${admission.reserved}/${admission.active}${admission.draining ? ' draining' : ''}`,
      ),
    );
    const one = reserved(admission, 'a');
    admission.reserve(call('b'));
    one.activate();
    one.activate();
    admission.drain();
    admission.drain();
    one.release();
    one.release();
    expect(seen).toEqual(['1/0', '0/1', '0/1 draining', '0/0 draining']);
  });

  it('counts accepted and active calls for a gate with its own cap', () => {
    const admission = new Admission({ maxConcurrentSessions: 9 });
    reserved(admission, 'a', 'sales').activate();
    reserved(admission, 'b', 'sales').activate();
    reserved(admission, 'c', 'support').activate();
    reserved(admission, 'd', 'billing');
    const of = (agent: string) => admission.count((each) => each.agent === agent);
    expect([of('sales'), of('support'), of('billing'), of('none')]).toEqual([2, 1, 1, 0]);
  });

  it('asks the given gates after its own, in their order, and reserves no slot when one refuses', () => {
    const asked: string[] = [];
    const gate =
      (name: string, refuses: string): Gate =>
      ({ agent }) => {
        asked.push(name);
        return agent === refuses ? { refused: 'busy', message: name } : undefined;
      };
    const gates = [gate('first', 'sales'), gate('second', 'support')];
    const admission = new Admission({ maxConcurrentSessions: 2, gates });
    expect(admission.reserve(call('a', 'sales'))).toEqual({ refused: 'busy', message: 'first' });
    expect(admission.reserve(call('a', 'support'))).toEqual({ refused: 'busy', message: 'second' });
    expect([admission.reserved, asked]).toEqual([0, ['first', 'first', 'second']]);
    reserved(admission, 'a', 'billing');
    admission.drain();
    asked.length = 0;
    expect(admission.reserve(call('b', 'sales'))).toMatchObject({ refused: 'draining' });
    expect(asked).toEqual([]);
  });

  it('a gate with a cap counts in the tick of the acceptance, so a burst cannot exceed it', () => {
    const admission: Admission = new Admission({
      maxConcurrentSessions: 100,
      gates: [
        ({ agent }) =>
          admission.count((each) => each.agent === agent) >= 2
            ? { refused: 'full', message: agent }
            : undefined,
      ],
    });
    const answers = Array.from({ length: 50 }, (_, n) => admission.reserve(call(`j${n}`, 'sales')));
    expect(answers.filter((answer) => !('refused' in answer))).toHaveLength(2);
    expect(admission.reserve(call('other', 'support'))).not.toHaveProperty('refused');
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5'])('rejects %j as a cap', (cap) => {
    expect(() => new Admission({ maxConcurrentSessions: cap as number })).toThrow(
      'maxConcurrentSessions must be a whole number',
    );
  });

  it('never exceeds the cap and returns to zero, whatever the order of events', async () => {
    const step = fc.record({
      kind: fc.constantFrom('reserve', 'activate', 'release', 'drain'),
      job: fc.integer({ min: 0, max: 7 }),
      // Which of the reservations ever made for the job: stale ones too.
      which: fc.nat({ max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(step, { maxLength: 60 }),
        async (cap, steps) => {
          const admission = new Admission({ maxConcurrentSessions: cap });
          const made = new Map<number, Reservation[]>();
          const live = new Map<Reservation, 'reserved' | 'active'>();
          for (const { kind, job, which } of steps) {
            const list = made.get(job) ?? [];
            made.set(job, list);
            const old = list[which];
            if (kind === 'drain') admission.drain();
            else if (kind === 'reserve') {
              const busy = list.some((reservation) => live.has(reservation));
              const result = admission.reserve(call(`job-${job}`));
              if ('refused' in result) {
                const why = admission.draining ? 'draining' : busy ? 'duplicate' : 'full';
                expect(result.refused).toBe(why);
              } else {
                expect(busy).toBe(false);
                list.push(result);
                live.set(result, 'reserved');
              }
            } else if (old !== undefined && kind === 'activate') {
              old.activate();
              if (live.has(old)) live.set(old, 'active');
            } else if (old !== undefined) {
              old.release();
              live.delete(old);
            }
            const states = [...live.values()];
            expect(admission.active).toBe(states.filter((state) => state === 'active').length);
            expect(admission.reserved).toBe(states.filter((state) => state === 'reserved').length);
            expect(admission.active + admission.reserved).toBeLessThanOrEqual(cap);
          }
          for (const reservation of live.keys()) reservation.release();
          expect([admission.active, admission.reserved, admission.count(() => true)]).toEqual([
            0, 0, 0,
          ]);
          await admission.idle();
        },
      ),
    );
  });
});
