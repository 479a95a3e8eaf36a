import type { JobContext } from '@livekit/agents';
import { expect, test, vi } from 'vitest';

import { silentLogger } from '../base/logger.js';
import { SessionEnd } from '../call/session-end.js';
import type { CurrentCall } from './current-call.js';
import { endBeforeLeaving, leaveRoom } from './leave-room.js';

function callIn(isConnected: boolean) {
  const disconnect = vi.fn(async () => {});
  const room = { isConnected, disconnect };
  const call: CurrentCall = {
    jobId: 'AJ_1',
    agent: 'a',
    tenant: 'default',
    room: 'lobby',
    ctx: { room } as unknown as JobContext,
    end: new SessionEnd(),
    logger: silentLogger,
  };
  endBeforeLeaving(call);
  return { call, room: call.ctx.room, disconnect };
}

test('code of a call that leaves its room ends the call, and stays until the end of the call leaves', async () => {
  const { call, room, disconnect } = callIn(true);
  await Promise.all([room.disconnect(), room.disconnect()]);
  expect(call.end.outcome).toMatchObject({
    reason: 'agent_shutdown',
    detail: 'ROOM_DISCONNECTED',
    causedBy: 'agent',
  });
  expect(disconnect).not.toHaveBeenCalled();
  await leaveRoom(room);
  expect(disconnect).toHaveBeenCalledOnce();
});

test('a call that is ending keeps its reason and stays until its own end leaves', async () => {
  const { call, room, disconnect } = callIn(true);
  call.end.because('caller_left');
  await room.disconnect();
  expect(call.end.outcome).toMatchObject({ reason: 'caller_left' });
  expect(disconnect).not.toHaveBeenCalled();
});

test('a room that is not joined is left as rtc-node does it, and the call goes on', async () => {
  const { call, room, disconnect } = callIn(false);
  await room.disconnect();
  expect(disconnect).toHaveBeenCalledOnce();
  expect(call.end.outcome).toBeUndefined();
});

test('a room that belongs to no call is just left', async () => {
  const disconnect = vi.fn(async () => {});
  await leaveRoom({ disconnect } as unknown as JobContext['room']);
  expect(disconnect).toHaveBeenCalledOnce();
});
