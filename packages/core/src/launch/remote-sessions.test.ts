import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { OpenRtcError } from '../base/errors.js';
import { LogBook } from '../base/log-book.js';
import type { SessionEvent } from '../call/session-event.js';
import type { Channel } from './channel.js';
import type { IsolationHost } from './isolation-strategy.js';
import type { HangUp } from '../call/hang-up.js';
import { ticketOf } from '../call/ticket.fixture.js';
import { PROTOCOL } from './wire.js';
import { RemoteSessions } from './remote-sessions.js';
import type { FromSessions, ToSessions } from './wire.js';

/** The other end of the channel, controlled by a test. */
class FarEnd implements Channel {
  readonly sent: ToSessions[] = [];
  #listener: (message: unknown) => void = () => {};
  #closed: (why: string) => void = () => {};

  send(message: object): void {
    this.sent.push(message as ToSessions);
  }
  onMessage(listener: (message: unknown) => void): void {
    this.#listener = listener;
  }
  onClose(listener: (why: string) => void): void {
    this.#closed = listener;
  }
  close(): void {}

  say(message: FromSessions): void {
    this.#listener(message);
  }
  sayAnything(message: unknown): void {
    this.#listener(message);
  }
  go(why: string): void {
    this.#closed(why);
  }
  last(): ToSessions | undefined {
    return this.sent.at(-1);
  }
}

const jobId = 'AJ_1';
const ticket = ticketOf({ jobId });
const never = new AbortController().signal;
const here: FromSessions = { kind: 'here', protocol: PROTOCOL };
const ready: FromSessions = { kind: 'ready', warnings: ['mind the gap'] };

let far: FarEnd;
let log: LogBook;
let reported: SessionEvent[];
let infer: (method: string, data: unknown) => Promise<unknown>;
let sessions: RemoteSessions;
const onTainted = vi.fn();
const onOverdue = vi.fn();

beforeEach(async () => {
  vi.useFakeTimers();
  far = new FarEnd();
  log = new LogBook();
  reported = [];
  infer = async (_method, data) => data;
  const host = {
    logger: log,
    inference: {
      load: async () => true,
      run: (method: string, data: unknown) => infer(method, data),
    },
    report: async (event: SessionEvent) => void reported.push(event),
  } as unknown as IsolationHost;
  onTainted.mockReset();
  onOverdue.mockReset();
  sessions = new RemoteSessions({ host, channel: far, onTainted, onOverdue });
});
afterEach(() => {
  sessions.fail(new OpenRtcError('ISOLATION_CLOSED', 'the test is over'));
  vi.useRealTimers();
});

async function opened(): Promise<void> {
  const opening = sessions.open(never);
  far.say(here);
  await vi.waitFor(() => expect(far.last()?.kind).toBe('hello'));
  far.say(ready);
  await opening;
}

test('it opens when the other end is ready, and logs its warnings', async () => {
  await opened();
  expect(far.sent).toEqual([{ kind: 'hello', turnDetector: true }]);
  expect(log.has('mind the gap')).toBe(true);
});

test.each<[string, (end: FarEnd) => void, object]>([
  [
    'cannot run calls',
    (end) => end.say({ kind: 'broken', error: { code: 'PREWARM_FAILED', message: 'no model' } }),
    { code: 'PREWARM_FAILED', message: 'no model' },
  ],
  [
    'has another version',
    (end) => end.say({ kind: 'here', protocol: PROTOCOL + 1 }),
    {
      code: 'ISOLATION_START_FAILED',
      message: expect.stringContaining(`protocol ${PROTOCOL + 1}, not ${PROTOCOL}`),
    },
  ],
  ['goes away', (end) => end.go('gone'), { code: 'ISOLATION_LOST', message: 'gone' }],
])('it does not open when the other end %s', async (_what, happen, error) => {
  const opening = sessions.open(never);
  happen(far);
  await expect(opening).rejects.toMatchObject(error);
});

test('a call ends with the result that the other end sends', async () => {
  await opened();
  const running = sessions.run(ticket, never);
  expect(sessions.jobIds).toEqual([jobId]);
  far.say({ kind: 'ended', jobId });
  await running;
  expect(sessions.jobIds).toEqual([]);

  const failing = sessions.run(ticket, never);
  const cause = { code: 'INTERNAL', message: 'why' };
  far.say({
    kind: 'ended',
    jobId,
    error: { code: 'SESSION_EXIT', message: 'm', stack: 's', cause },
  });
  await expect(failing).rejects.toMatchObject({
    code: 'SESSION_EXIT',
    message: 'm',
    stack: 's',
    cause,
  });
});

test('only events of its own calls reach the pool, and each event is acknowledged', async () => {
  await opened();
  const running = sessions.run(ticket, never);
  far.say({ kind: 'event', eventId: 1, event: { kind: 'joined', jobId } });
  far.say({ kind: 'event', eventId: 2, event: { kind: 'joined', jobId: 'AJ_of_another' } });
  await vi.waitFor(() =>
    expect(far.sent.filter(({ kind }) => kind === 'acknowledged')).toHaveLength(2),
  );
  expect(reported).toEqual([{ kind: 'joined', jobId }]);
  far.say({ kind: 'ended', jobId });
  await running;
});

test('an invalid message is ignored and logged', async () => {
  await opened();
  far.sayAnything({ kind: 'ended' });
  far.sayAnything('nonsense');
  expect(log.lines.filter(({ message }) => message.includes('invalid message'))).toHaveLength(2);
});

test('the worker answers inference requests, also when inference fails', async () => {
  await opened();
  far.say({ kind: 'infer', id: 7, method: 'double', data: 21 });
  await vi.waitFor(() => expect(far.last()).toEqual({ kind: 'inferred', id: 7, result: 21 }));
  infer = () => Promise.reject(new Error('no such model'));
  far.say({ kind: 'infer', id: 8, method: 'double', data: 21 });
  await vi.waitFor(() =>
    expect(far.last()).toMatchObject({
      kind: 'inferred',
      id: 8,
      error: { message: 'no such model' },
    }),
  );
});

test('a hang-up is sent as a duration; a call that ignores it is rejected', async () => {
  await opened();
  const abort = new AbortController();
  const running = sessions.run(ticket, abort.signal);
  const hangUp: HangUp = { reason: 'terminated', deadline: Date.now() + 4_000 };
  abort.abort(hangUp);
  expect(far.last()).toEqual({ kind: 'hang_up', jobId, reason: 'terminated', withinMs: 4_000 });
  const given = expect(running).rejects.toMatchObject({ code: 'ISOLATION_STUCK' });
  await vi.advanceTimersByTimeAsync(5_000);
  await given;
  expect(onOverdue).toHaveBeenCalledExactlyOnceWith(jobId);
});

test('when the other end stops answering, its calls fail', async () => {
  await opened();
  const running = sessions.run(ticket, never);
  const lost = expect(running).rejects.toMatchObject({
    code: 'ISOLATION_STUCK',
    message: expect.stringContaining('has not answered for 7 s'),
  });
  await vi.advanceTimersByTimeAsync(7_000);
  await lost;
  await expect(sessions.run(ticket, never)).rejects.toMatchObject({ code: 'ISOLATION_STUCK' });
  await expect(sessions.answers(1_000)).resolves.toBe(false);
});

test('an error that no call can be blamed for is passed to onTainted', async () => {
  await opened();
  far.say({ kind: 'tainted', error: { code: 'INTERNAL', message: 'whose?' } });
  expect(onTainted).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ message: 'whose?' }));
});
