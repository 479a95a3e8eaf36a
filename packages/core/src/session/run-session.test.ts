import { JobProcess, initializeLogger } from '@livekit/agents';
import { Job, JobType } from '@livekit/protocol';
import { AccessToken } from 'livekit-server-sdk';
import { beforeAll, describe, expect, test } from 'vitest';

import { OpenRtcError } from '../base/errors.js';
import type { JobTicket } from '../call/job-ticket.js';
import { LogBook } from '../base/log-book.js';
import type { AgentConfig } from '../agents/agent-options.js';
import { EchoAgent } from '../pool/pool-harness.js';
import {
  type EmbeddedLiveKit,
  startEmbeddedLiveKit,
} from '../testing/embedded/embedded-livekit.js';
import { EmbeddedRoom } from '../testing/embedded/embedded-room.js';
import { RawWorker } from '../testing/embedded/raw-worker.fixture.js';
import { runSession } from './run-session.js';
import type { SessionEvent } from '../call/session-event.js';
import { defaultSessionLimits } from '../call/session-limits.js';
import { participantOf } from '../call/job-participant.js';
import { ticketOf } from '../call/ticket.fixture.js';
import { LiveSessions } from './live-sessions.js';
import type { SessionRuntime } from './session-runtime.js';
import { outcomeOf } from '../call/session-outcome.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

function runtime(agent: Partial<AgentConfig> = {}): SessionRuntime {
  return {
    tenants: undefined,
    live: new LiveSessions(),
    agent: () => ({ name: 'echo', revision: 0, agent: EchoAgent, ...agent }),
    defaults: {},
    setup: undefined,
    limits: defaultSessionLimits,
    process: new JobProcess(),
    models: undefined,
    audioDevices: undefined,
    credentials: undefined,
    warnOnce: () => {},
    logger: new LogBook(),
  };
}

function witness() {
  const events: SessionEvent[] = [];
  const report = async (event: SessionEvent) => void events.push(event);
  return { events, report };
}

/** A job of a real endpoint that only the test runs. */
async function assigned(
  endpoint: EmbeddedLiveKit,
): Promise<{ worker: RawWorker; ticket: JobTicket }> {
  const worker = await RawWorker.register(endpoint);
  endpoint.dispatch({ room: 'lobby' });
  const { job, url, token } = await worker.accept();
  const jobId = job?.id ?? '';
  const media = { kind: 'room' as const, url: url ?? '', token };
  return {
    worker,
    ticket: ticketOf({ jobId }, { media, ...(job === undefined ? {} : { job }) }),
  };
}

test('a call that was hung up before it began joins no room, and reports how it ended', async () => {
  const { events, report } = witness();
  await runSession(
    ticketOf(),
    AbortSignal.abort({ reason: 'terminated', deadline: Date.now() }),
    report,
    runtime(),
  );
  expect(events).toEqual([{ kind: 'ending', jobId: 'AJ_1', outcome: outcomeOf('terminated') }]);
});

test('a hang-up without a HangUp reason counts as a closed pool', async () => {
  const { events, report } = witness();
  await runSession(ticketOf(), AbortSignal.abort(), report, runtime());
  expect(events).toMatchObject([{ outcome: { status: 'cancelled', reason: 'pool_closed' } }]);
});

test('a room that cannot be joined fails the call, with the cause kept', async () => {
  const { events, report } = witness();
  await expect(
    runSession(ticketOf(), new AbortController().signal, report, runtime()),
  ).rejects.toMatchObject({
    code: 'SESSION_JOIN_FAILED',
    cause: expect.any(Error),
  });
  expect(events).toMatchObject([
    { kind: 'ending', outcome: { status: 'failed', error: { code: 'SESSION_JOIN_FAILED' } } },
  ]);
});

test('an unknown agent fails the call before anything is opened', async () => {
  const { events, report } = witness();
  const gone = {
    ...runtime(),
    agent: () => {
      throw new OpenRtcError('CONFIG_UNKNOWN_AGENT', 'no agent named "echo"');
    },
  };
  await expect(
    runSession(ticketOf(), new AbortController().signal, report, gone),
  ).rejects.toMatchObject({
    code: 'CONFIG_UNKNOWN_AGENT',
  });
  expect(events).toEqual([]);
});

test('when the caller leaves during the join, the agent does not stay in the room', async () => {
  await using endpoint = await startEmbeddedLiveKit();
  const { worker, ticket: job } = await assigned(endpoint);
  const { events, report } = witness();
  const abort = new AbortController();
  const running = runSession(job, abort.signal, report, runtime());
  // The agent joins on its own socket; the endpoint notifies as soon as it has joined.
  await endpoint.until(({ rooms }) => {
    const there = rooms[0]?.identities.includes(job.identity) === true;
    if (there) abort.abort({ reason: 'terminated', deadline: Date.now() + 1_000 });
    return there;
  });
  await running;
  expect(events.at(-1)).toMatchObject({ kind: 'ending', outcome: { reason: 'terminated' } });
  await endpoint.until(({ rooms }) =>
    rooms.every(({ identities }) => !identities.includes(job.identity)),
  );
  worker.close();
});

test('reports that fail or hang do not keep the agent in its room', async () => {
  await using endpoint = await startEmbeddedLiveKit();
  const { worker, ticket: job } = await assigned(endpoint);
  const report = (event: SessionEvent) =>
    event.kind === 'joined'
      ? Promise.reject(new Error('the pool is gone'))
      : new Promise<void>(() => {});
  const abort = new AbortController();
  const running = runSession(job, abort.signal, report, runtime());
  await endpoint.until(({ rooms }) => rooms[0]?.identities.includes(job.identity) === true);
  abort.abort({ reason: 'pool_closed', deadline: Date.now() });
  await running;
  await endpoint.until(({ rooms }) =>
    rooms.every(({ identities }) => !identities.includes(job.identity)),
  );
  worker.close();
});

describe('a job for one participant', () => {
  /** The room of the job, with ben in it, after the agent has joined. */
  async function forParticipant(endpoint: EmbeddedLiveKit, identity: string) {
    const worker = await RawWorker.register(endpoint);
    const calling = endpoint.call({ room: 'lobby', identity: 'ben' });
    const { job, url, token } = await worker.accept();
    const jobId = job?.id ?? '';
    const forOne = new Job({ id: jobId, type: JobType.JT_PARTICIPANT, participant: { identity } });
    if (job?.room !== undefined) forOne.room = job.room;
    const { events, report } = witness();
    const running = runSession(
      ticketOf(
        { jobId, ...participantOf(forOne) },
        { media: { kind: 'room', url: url ?? '', token }, job: forOne },
      ),
      new AbortController().signal,
      report,
      { ...runtime(), limits: { ...defaultSessionLimits, emptyRoomGraceMs: 20 } },
    );
    const ben = await calling;
    const ended = async () => {
      await running;
      worker.close();
      return events.at(-1);
    };
    return { ben, ended };
  }

  const callerLeft = { kind: 'ending', outcome: { status: 'success', reason: 'caller_left' } };

  test('ends when that participant left before the agent joined, although another one is in the room', async () => {
    await using endpoint = await startEmbeddedLiveKit();
    const { ended } = await forParticipant(endpoint, 'ann');
    expect(await ended()).toMatchObject(callerLeft);
  });

  test('ends when that participant loses its connection, although another one is in the room', async () => {
    await using endpoint = await startEmbeddedLiveKit();
    const { ben, ended } = await forParticipant(endpoint, 'ben');
    const token = new AccessToken(endpoint.apiKey, endpoint.apiSecret, { identity: 'cleo' });
    token.addGrant({ roomJoin: true, room: 'lobby' });
    const cleo = new EmbeddedRoom();
    await cleo.connect(endpoint.url, await token.toJwt());
    expect(await ben.say('hello')).toBe('You said: hello');
    ben.dropOut();
    expect(await ended()).toMatchObject(callerLeft);
    await cleo.disconnect();
  });
});
