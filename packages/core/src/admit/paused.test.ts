import { describe, expect, it, vi } from 'vitest';

import { Admission, type Reservation } from './admission.js';

const call = (jobId: string) => ({ jobId, agent: 'sales', tenant: 'default', room: 'lobby' });

function reserved(admission: Admission, jobId: string): Reservation {
  const reservation = admission.reserve(call(jobId));
  if ('refused' in reservation) throw new Error(reservation.message);
  return reservation;
}

describe('a paused Admission', () => {
  it('refuses calls with the reason while it is paused, and keeps its calls', () => {
    const onChange = vi.fn();
    const admission = new Admission({ maxConcurrentSessions: 2 });
    admission.watch(onChange);
    const kept = reserved(admission, 'a');
    onChange.mockClear();
    admission.pause('lag', 'the event loop is late');
    expect(onChange).toHaveBeenCalledOnce();
    expect(admission).toMatchObject({ paused: true, full: false });
    expect(admission.reserve(call('b'))).toEqual({
      refused: 'busy',
      message: 'the event loop is late',
    });
    kept.activate();
    expect(admission.active).toBe(1);
    admission.resume('lag');
    admission.resume('lag');
    expect(admission.paused).toBe(false);
    expect(onChange).toHaveBeenCalledTimes(3);
    reserved(admission, 'b');
    admission.pause('lag', 'the event loop is late');
    // The refusal that will not go away by itself comes first.
    expect(admission.reserve(call('c'))).toMatchObject({ refused: 'full' });
    admission.drain();
    expect(admission.reserve(call('c'))).toMatchObject({ refused: 'draining' });
  });

  it('takes calls again when no reason to pause is left', () => {
    const admission = new Admission({ maxConcurrentSessions: 2 });
    admission.pause('lag', 'the event loop is late');
    admission.pause('memory', 'the memory is full');
    admission.resume('lag');
    expect(admission.reserve(call('a'))).toEqual({
      refused: 'busy',
      message: 'the memory is full',
    });
    admission.resume('memory');
    expect(admission.paused).toBe(false);
    reserved(admission, 'a');
  });
});
