import type { Caller } from '@openrtc/test-rig';
import { beforeAll, expect, it } from 'vitest';

import { type RealCalls, describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';
import type { WorkerProcess } from './worker-process.js';

type End = (real: RealCalls, caller: Caller) => Promise<unknown>;

const remove = async (real: RealCalls, room: string, whom: (identity: string) => boolean) => {
  const there = await real.server.listParticipants(room);
  const { identity } = there.find((each) => whom(each.identity)) ?? { identity: '' };
  await real.server.removeParticipant(room, identity);
};

// How calls end from outside, what OpenRTC counts, and what LiveKit records: docs/flow.md, "What LiveKit records".
const rows: readonly [what: string, end: End, reason: string, recorded: readonly string[]][] = [
  ['the caller hangs up', (_real, caller) => caller.hangUp(), 'caller_left', ['JS_SUCCESS']],
  [
    'the caller is removed',
    (real, { room }) => remove(real, room, (identity) => identity === 'caller'),
    'caller_left',
    ['JS_SUCCESS'],
  ],
  [
    'the agent is removed',
    (real, { room }) => remove(real, room, (identity) => identity !== 'caller'),
    'room_closed|terminated',
    ['JS_FAILED', 'JS_SUCCESS'],
  ],
  [
    'the room is deleted',
    (real, { room }) => real.server.deleteRoom(room),
    'room_closed|terminated',
    ['JS_FAILED', 'JS_SUCCESS'],
  ],
];

describeRealCalls('what LiveKit records', (real) => {
  let worker: WorkerProcess;
  beforeAll(async () => {
    worker = await real.startWorker({ agents: 'text' });
  });

  it.each(rows)('%s', async (what, end, reason, recorded) => {
    const caller = await real.join(roomName('ends'), { microphone: false });
    await caller.nextTranscript('agent');
    await end(real, caller);
    const { info, outcome } = await worker.ended(caller.room);
    expect(outcome.reason).toMatch(new RegExp(`^(${reason})$`));
    const { status } = await real.server.jobEnded(info.jobId);
    console.log(`${what}: ${outcome.reason}, ${status}`);
    expect(recorded).toContain(status);
    expect(await worker.snapshot()).toMatchObject({ activeSessions: 0, consecutiveFailures: 0 });
  });
});
