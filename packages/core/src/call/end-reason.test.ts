import { expect, test } from 'vitest';

import { type SessionEndReason, type SessionStatus, statusOf } from './end-reason.js';

// A reason that is missing here does not compile.
const expected: Record<SessionEndReason, SessionStatus> = {
  caller_left: 'success',
  agent_shutdown: 'success',
  room_closed: 'success',
  terminated: 'success',
  empty_room: 'success',
  max_duration: 'success',
  drain_timeout: 'cancelled',
  pool_closed: 'cancelled',
  failed: 'failed',
};

test.each(Object.entries(expected) as [SessionEndReason, SessionStatus][])(
  '%s is a %s',
  (reason, status) => {
    expect(statusOf(reason)).toBe(status);
  },
);
