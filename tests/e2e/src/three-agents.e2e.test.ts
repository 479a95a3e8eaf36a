import { type Caller, type SpeechName, speech } from '@openrtc/test-rig';
import { beforeAll, expect, it } from 'vitest';

import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';
import type { WorkerProcess } from './worker-process.js';

const tones = { restaurant: 440, support: 660, hours: 880 } as const;
type AgentName = keyof typeof tones;

const says: Record<AgentName, SpeechName> = {
  restaurant: 'order',
  support: 'support',
  hours: 'hours',
};

describeRealCalls('three agents in one worker', (real) => {
  let worker: WorkerProcess;

  beforeAll(async () => {
    worker = await real.startWorker();
  });

  const join = (room: string, metadata = '') => real.join(room, { metadata });

  /** A whole call: greeted, understood, answered in the agent's own voice, hung up, recorded. */
  async function converse(caller: Caller, agent: AgentName): Promise<void> {
    const { server } = real;
    const { jobId } = await server.assignedIn(caller.room);
    expect((await caller.nextTranscript('agent')).text).toBe(`Welcome to ${agent}.`);
    await caller.waitForAudio({ fromJoin: true, minMs: 200 });
    await caller.speak(says[agent]);
    expect((await caller.nextTranscript('agent')).text).toBe(
      `${agent} heard: ${speech[says[agent]].text}`,
    );
    const { segments } = await caller.audio();
    expect(new Set(segments.map((segment) => segment.dominantHz))).toEqual(new Set([tones[agent]]));
    await caller.hangUp();
    expect((await server.jobEnded(jobId)).status).toBe('JS_SUCCESS');
    expect((await worker.ended(caller.room)).info.agent).toBe(agent);
    expect(await server.listParticipants(caller.room)).toEqual([]);
  }

  const routes: { rule: string; agent: AgentName; prefix: string; metadata: string }[] = [
    {
      rule: 'room metadata `agent`',
      agent: 'support',
      prefix: 'any',
      metadata: '{"agent":"support"}',
    },
    { rule: 'room metadata `demo`', agent: 'hours', prefix: 'any', metadata: '{"demo":"hours"}' },
    { rule: 'the room name', agent: 'hours', prefix: 'hours', metadata: '' },
    { rule: 'the order of registration', agent: 'restaurant', prefix: 'lobby', metadata: '' },
  ];

  it.each(routes)('routes by $rule', async ({ agent, prefix, metadata }) => {
    await converse(await join(roomName(prefix), metadata), agent);
  });

  it('holds three calls at once, each with its own agent and no word of another', async () => {
    const names: AgentName[] = ['restaurant', 'support', 'hours'];
    const joined = await Promise.all(
      names.map(async (agent) => ({ agent, caller: await join(roomName(agent)) })),
    );
    await Promise.all(joined.map(({ agent, caller }) => converse(caller, agent)));
  });

  it('refuses a call for an agent nobody registered, and goes on', async () => {
    const room = roomName('lobby');
    await join(room, '{"agent":"nobody"}');
    await real.server.waitForLog(
      (line) =>
        JSON.stringify(line).includes(room) &&
        /worker|assign/i.test(String(line.msg)) &&
        line.level !== 'info',
      {
        what: 'the server saying that no worker took the job',
      },
    );
    const snapshot = await worker.snapshot();
    expect(snapshot.refused).toEqual({ unknown_agent: 1 });
    expect(snapshot).toMatchObject({ activeSessions: 0, totalSessionFailures: 0 });
    await converse(await join(roomName('hours')), 'hours');
  });
});

describeRealCalls('explicit dispatch', (real) => {
  let worker: WorkerProcess;

  beforeAll(async () => {
    worker = await real.startWorker({ pool: { agentName: 'front-desk' } });
  });

  it.each([
    { metadata: '{"agent":"support"}', greeting: 'Welcome to support.' },
    { metadata: '{"demo":"hours","tenant":"acme"}', greeting: 'Welcome to hours.' },
  ])('routes by job metadata $metadata', async ({ metadata, greeting }) => {
    const room = roomName('restaurant');
    const caller = await real.join(room, { metadata: '{"agent":"restaurant"}' });
    await real.server.createDispatch(room, 'front-desk', metadata);
    expect((await caller.nextTranscript('agent')).text).toBe(greeting);
    await caller.hangUp();
    const { info } = await worker.ended(room);
    expect(info.tenant).toBe(metadata.includes('acme') ? 'acme' : 'default');
  });
});
