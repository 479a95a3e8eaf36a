import { AutoSubscribe, JobContext, JobProcess, initializeLogger } from '@livekit/agents';
import { Job } from '@livekit/protocol';
import { type Room, RoomEvent } from '@livekit/rtc-node';
import { EventEmitter } from 'node:events';
import { beforeAll, expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { SessionEnd } from '../call/session-end.js';
import { serveJoined } from './joined-context.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

/** A room with a caller in it, which can be joined. */
class FakeRoom extends EventEmitter {
  isConnected = false;
  joins = 0;
  readonly remoteParticipants = new Map<string, object>();

  async connect(): Promise<void> {
    this.joins += 1;
    await Promise.resolve();
    this.isConnected = true;
    this.remoteParticipants.set('caller', { identity: 'caller' });
  }

  join(identity: string): void {
    const participant = { identity };
    this.remoteParticipants.set(identity, participant);
    this.emit(RoomEvent.ParticipantConnected, participant);
  }
}

function newCall() {
  const room = new FakeRoom();
  const log = new LogBook();
  const ctx = new JobContext(
    new JobProcess(),
    {
      acceptArguments: { name: '', identity: '', metadata: '' },
      job: new Job(),
      url: 'ws://127.0.0.1',
      token: '',
      workerId: '',
    },
    room as unknown as Room,
    () => {},
    () => {},
    { doInference: () => Promise.reject(new Error('there are no models')) },
  );
  serveJoined({
    jobId: 'AJ_1',
    agent: 'a',
    tenant: 'default',
    room: 'lobby',
    ctx,
    end: new SessionEnd(),
    logger: log,
  });
  const served: string[] = [];
  const entrypoint = async (_ctx: unknown, { identity }: { identity: string }) =>
    void served.push(identity);
  return { room, ctx, log, served, entrypoint };
}

type Step = (call: ReturnType<typeof newCall>) => unknown;

test.each<[string, Step[]]>([
  [
    'before the join',
    [({ ctx, entrypoint }) => ctx.addParticipantEntrypoint(entrypoint), ({ ctx }) => ctx.connect()],
  ],
  [
    'after the join',
    [({ ctx }) => ctx.connect(), ({ ctx, entrypoint }) => ctx.addParticipantEntrypoint(entrypoint)],
  ],
  [
    'while the SDK looks at who is there',
    [
      ({ ctx, room, entrypoint }) => {
        const joining = ctx.connect();
        // In the tick in which the room is connected, before the SDK goes on.
        vi.spyOn(room.remoteParticipants, 'forEach').mockImplementationOnce((callback) => {
          ctx.addParticipantEntrypoint(entrypoint);
          for (const [identity, participant] of room.remoteParticipants)
            callback(participant, identity, room.remoteParticipants);
        });
        return joining;
      },
    ],
  ],
])('an entrypoint that is added %s serves each participant once', async (_when, steps) => {
  const call = newCall();
  for (const step of steps) await step(call);
  expect(call.served).toEqual(['caller']);
  call.room.join('second');
  expect(call.served).toEqual(['caller', 'second']);
});

test('several entrypoints are each called, and one cannot be added twice', async () => {
  const { ctx, served, entrypoint } = newCall();
  await ctx.connect();
  ctx.addParticipantEntrypoint(entrypoint);
  ctx.addParticipantEntrypoint(async (_ctx, { identity }) => void served.push(`${identity} again`));
  expect(served).toEqual(['caller', 'caller again']);
  expect(() => ctx.addParticipantEntrypoint(entrypoint)).toThrow('more than once');
});

test('a participant that returns is served again, as with the SDK', async () => {
  const { ctx, room, served, entrypoint } = newCall();
  await ctx.connect();
  ctx.addParticipantEntrypoint(entrypoint);
  room.join('caller');
  expect(served).toEqual(['caller', 'caller']);
});

test('a participant that is there is found by waitForParticipant', async () => {
  const { ctx } = newCall();
  await ctx.connect();
  Object.assign([...ctx.room.remoteParticipants.values()][0] ?? {}, { info: { kind: 0 } });
  expect(await ctx.waitForParticipant()).toMatchObject({ identity: 'caller' });
});

test('the room is joined once, whoever joins it, also at the same time', async () => {
  const { ctx, room, log } = newCall();
  await Promise.all([ctx.connect(), ctx.connect()]);
  await ctx.connect();
  expect(room.joins).toBe(1);
  expect(log.lines).toEqual([]);
});

test('a join that failed can be tried again', async () => {
  const { ctx, room } = newCall();
  vi.spyOn(room, 'connect').mockRejectedValueOnce(new Error('refused'));
  await expect(ctx.connect()).rejects.toThrow('refused');
  await ctx.connect();
  expect(room.joins).toBe(1);
});

test('options of a join that come too late are a warning', async () => {
  const { ctx, log } = newCall();
  await ctx.connect();
  await ctx.connect(undefined, AutoSubscribe.AUDIO_ONLY);
  expect(log.matching('warn', /options of ctx\.connect/)).toHaveLength(1);
});
