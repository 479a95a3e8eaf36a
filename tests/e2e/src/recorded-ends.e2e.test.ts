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

interface Leaving {
  readonly agent: string;
  /** What the caller does, once the agent is there. Default: nothing. */
  readonly caller?: 'says now' | 'hangs up';
  /** What the caller hears before the end. Default: it does not matter. */
  readonly words?: string;
  readonly reason: string;
  readonly code?: string;
}

// How the agent's own code ends a call. It never leaves the room before LiveKit has the final status.
const leaving: readonly Leaving[] = [
  { agent: 'answer_leaves', caller: 'says now', reason: 'agent_shutdown' },
  { agent: 'timer_leaves', caller: 'says now', reason: 'agent_shutdown' },
  { agent: 'tool_leaves', caller: 'says now', reason: 'agent_shutdown' },
  { agent: 'voice_leaves', caller: 'says now', reason: 'agent_shutdown' },
  { agent: 'on_enter_leaves', reason: 'agent_shutdown' },
  { agent: 'closed', reason: 'agent_shutdown' },
  { agent: 'voice_closed', words: 'We are closed today.', reason: 'agent_shutdown' },
  { agent: 'on_exit_leaves', caller: 'hangs up', reason: 'caller_left' },
  { agent: 'listener_leaves', caller: 'hangs up', reason: 'caller_left' },
  { agent: 'callback_leaves', caller: 'hangs up', reason: 'caller_left' },
  { agent: 'setup_leaves', reason: 'agent_shutdown' },
  { agent: 'setup_closes', reason: 'agent_shutdown' },
  { agent: 'setup_connects', caller: 'hangs up', reason: 'caller_left' },
  { agent: 'setup_starts', reason: 'failed', code: 'SESSION_SETUP_FAILED' },
  { agent: 'setup_starts_second', reason: 'failed', code: 'SESSION_SETUP_FAILED' },
];

describeRealCalls('what LiveKit records of an agent whose code', (real) => {
  let worker: WorkerProcess;
  beforeAll(async () => {
    worker = await real.startWorker({ agents: 'leaving' });
  });

  it.each(leaving)('$agent', async ({ agent, caller: does, words, reason, code }) => {
    const room = roomName('leaving');
    const caller = await real.join(room, { metadata: { agent }, microphone: false });
    if (does !== undefined) await caller.nextTranscript('agent');
    if (words !== undefined) expect((await caller.nextTranscript('agent')).text).toBe(words);
    if (does === 'says now') await caller.sendText('now');
    if (does === 'hangs up') await caller.hangUp();
    const { info, outcome } = await worker.ended(room);
    expect(outcome).toMatchObject({ reason, causedBy: does === 'hangs up' ? 'caller' : 'agent' });
    expect(outcome.error?.code).toBe(code);
    const { status, error } = await real.server.jobEnded(info.jobId);
    console.log(`${agent}: ${outcome.reason}, ${status} ${error}`);
    expect(status).toBe(code === undefined ? 'JS_SUCCESS' : 'JS_FAILED');
    expect(error).toContain(code ?? '');
    if (does !== 'hangs up') await caller.hangUp();
    expect(await worker.snapshot()).toMatchObject({ activeSessions: 0, consecutiveFailures: 0 });
  });
});
