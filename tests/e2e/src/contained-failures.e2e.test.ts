import type { SessionFaults } from '@openrtc/core';
import type { Caller } from '@openrtc/test-rig';
import { beforeAll, expect, it } from 'vitest';

import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';
import type { WorkerProcess } from './worker-process.js';

// Longer than everything else takes; the watches stop before its end.
const TALK_MS = 60_000;

interface Expected {
  readonly agent: string;
  /** Of the call that failed; the others go on until their callers hang up. */
  readonly code?: string;
  readonly hookErrors?: number;
  readonly toolErrors?: number;
  /** It fails when the caller has hung up. */
  readonly atEnd?: boolean;
}

const failures: readonly Expected[] = [
  { agent: 'constructor_throws', code: 'SESSION_AGENT_FAILED' },
  { agent: 'timer_throws', code: 'SESSION_UNCAUGHT' },
  { agent: 'rejection', code: 'SESSION_UNCAUGHT' },
  // It throws because the caller has left, and that has ended the call already.
  { agent: 'room_listener_throws', atEnd: true },
  { agent: 'process_exit', code: 'SESSION_EXIT' },
  { agent: 'on_enter_throws', hookErrors: 1 },
  { agent: 'on_exit_throws', hookErrors: 1, atEnd: true },
  { agent: 'llm_node_throws', hookErrors: 1 },
  { agent: 'tool_throws', toolErrors: 1 },
  { agent: 'tts_node_throws', hookErrors: 1 },
  { agent: 'shutdown_callbacks', atEnd: true },
];

describeRealCalls('contained failures', (real) => {
  let worker: WorkerProcess;

  beforeAll(async () => {
    worker = await real.startWorker({ agents: 'faulty', pool: { consecutiveFailureLimit: 100 } });
  });

  const ring = (agent: string) =>
    real.join(roomName(agent), { metadata: { agent }, microphone: false });

  /** Until the agent says so. */
  async function heard(caller: Caller, words: string): Promise<void> {
    while (!(await caller.nextTranscript('agent')).text.includes(words));
  }

  /** Until the snapshot says so of a live call. */
  async function faults(jobId: string, expected: Partial<SessionFaults>): Promise<void> {
    const seen = async () =>
      (await worker.snapshot()).sessions.find((session) => session.jobId === jobId);
    await expect.poll(seen, { timeout: 30_000 }).toMatchObject({ faults: expected });
  }

  it('eleven kinds of failure end or survive as documented, and five callers hear no gap', async () => {
    const { server } = real;
    // Who measures lives apart from who calls and hangs up meanwhile.
    const talking = await real.listenTogether(5, TALK_MS, 'listeners');
    await Promise.all(
      talking.map((caller) => caller.waitForAudio({ fromJoin: true, minMs: 2_000 })),
    );
    const gaps = await real.watchGaps(talking, 'listeners');

    // One after the other: what is measured is the failures, not eleven native rooms made at once.
    const calls = [];
    for (const failure of failures) {
      const caller = await ring(failure.agent);
      if (failure.agent === 'tts_node_throws') {
        // Its first words are what fails: nobody hears them.
        const { jobId } = await server.assignedIn(caller.room);
        await faults(jobId, { hookErrors: 1, toolErrors: 0 });
      } else if (failure.agent !== 'constructor_throws') {
        await heard(caller, 'Ready');
      }
      calls.push({ ...failure, caller });
    }
    await Promise.all(
      calls.map(async ({ caller, agent, code, hookErrors = 0, toolErrors = 0, atEnd = false }) => {
        const { jobId } = await server.assignedIn(caller.room);
        if (agent !== 'constructor_throws') await caller.sendText('now');
        if (code === undefined) {
          // What is said during a turn interrupts it: let it fail first.
          if (!atEnd) await faults(jobId, { hookErrors, toolErrors });
          await caller.sendText('still there?');
          await heard(caller, 'still there?');
          await caller.hangUp();
        }
        if (code !== undefined && atEnd) await caller.hangUp();
        const ended = await worker.ended(caller.room);
        expect({ agent, ...ended.outcome.faults }).toMatchObject({ agent, hookErrors, toolErrors });
        const { status } = await server.jobEnded(jobId);
        if (code === undefined) {
          expect({ agent, status, reason: ended.outcome.reason }).toEqual({
            agent,
            status: 'JS_SUCCESS',
            reason: 'caller_left',
          });
        } else {
          expect({ agent, status, code: ended.outcome.error?.code }).toEqual({
            agent,
            status: 'JS_FAILED',
            code,
          });
          if (!atEnd) await caller.hangUp();
        }
      }),
    );

    await gaps.expectNone();
    expect(worker.output).toMatch(/"agent":"room_listener_throws".*"message":"boom"/);
    expect(await worker.snapshot()).toMatchObject({
      state: 'running',
      activeSessions: 5,
      totalSessionsStarted: 16,
      totalSessionFailures: failures.filter(({ code }) => code !== undefined).length,
      totalHookErrors: 4,
      totalToolErrors: 1,
    });
    await Promise.all(talking.map((caller) => caller.hangUp()));
    for (const { room } of talking)
      expect((await worker.ended(room)).outcome.status).toBe('success');
  });
});
