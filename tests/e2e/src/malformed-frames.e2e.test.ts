import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { lasting } from './long-forms.js';
import { type MalformedFrame, costly, survivable } from './malformed-frames.js';
import { describeRealCalls } from './real-calls.js';
import { SignallingTap, type TappedLine } from './signalling-tap.js';

const GARBLE_MS = lasting({ inCi: 5_000, nightly: 60_000 });
const EVERY_MS = 40;
const BACK_WITHIN_MS = 20_000;

describeRealCalls('a line on which frames are malformed', (real) => {
  let tap: SignallingTap;
  let connections = 0;

  beforeAll(async () => {
    tap = await SignallingTap.start(real.server.url, {
      connected: (line) => {
        connections += 1;
        // Ahead of the answer to the registration.
        if (connections === 2) line.say(Uint8Array.of(0xff));
      },
    });
  });
  afterAll(() => tap?.close());

  /** The worker's line, once there is one, and it is another one than before. */
  const registered = (before?: TappedLine) =>
    vi.waitUntil(() => tap.registered.find((line) => line !== before), { timeout: BACK_WITHIN_MS });

  it(
    'touches neither the process, nor its calls, nor the next dispatch',
    { timeout: GARBLE_MS + 120_000 },
    async () => {
      const worker = await real.startWorker({ agents: 'monologue' }, tap.url);
      const talkMs = GARBLE_MS + 100_000;
      const calls = await real.listenTogether(3, talkMs);
      const jobs = await Promise.all(calls.map(({ room }) => real.server.assignedIn(room)));
      const gaps = await real.watchGaps(calls);

      const sent = new Map<string, number>();
      const harmless = survivable(jobs.map(({ jobId }) => jobId));
      const frames = order(harmless, costly);
      const until = performance.now() + GARBLE_MS;
      while (performance.now() < until || !harmless.every(({ kind }) => sent.has(kind))) {
        const [line] = tap.registered;
        if (line !== undefined) {
          const { value } = frames.next();
          send(line, value);
          sent.set(value.kind, (sent.get(value.kind) ?? 0) + 1);
        }
        await sleep(EVERY_MS);
      }

      // One more that costs the connection: the line after it is one that nobody spoils any more.
      const last = await registered();
      send(last, costly[0]);
      await registered(last);
      await vi.waitFor(
        async () =>
          expect(await worker.snapshot()).toMatchObject({
            livekit: { state: 'registered' },
            reservedSessions: 0,
          }),
        { timeout: BACK_WITHIN_MS, interval: 100 },
      );
      const total = [...sent.values()].reduce((sum, count) => sum + count, 0);
      console.log(
        `${total} frames of ${sent.size} kinds over ${connections} connections in ${GARBLE_MS} ms`,
        (await worker.snapshot()).refused,
      );
      await gaps.expectNone();
      const next = await real.listen(talkMs);
      // It answers: it is the process it was.
      expect(await worker.snapshot()).toMatchObject({
        state: 'running',
        activeSessions: 4,
        totalSessionsStarted: 4,
        totalSessionFailures: 0,
      });
      await Promise.all([next, ...calls].map((caller) => caller.hangUp()));
      for (const { room } of [next, ...calls])
        expect((await worker.ended(room)).outcome.reason).toBe('caller_left');
    },
  );
});

/** All that is survived, then one that is not, and so on. */
function* order(
  harmless: readonly MalformedFrame[],
  fatal: readonly MalformedFrame[],
): Generator<MalformedFrame, never> {
  for (let round = 0; ; round += 1) {
    yield* harmless;
    yield fatal[round % fatal.length] as MalformedFrame;
  }
}

function send(line: TappedLine, frame: MalformedFrame): void {
  if ('write' in frame) line.write(frame.write);
  else for (let count = 0; count < (frame.times ?? 1); count += 1) line.say(frame.say);
}
