import { expect, it, vi } from 'vitest';

import { describeLostLines } from './losable-lines.js';

// Refused until the path is back: about five of the ten tries each of three rooms has, and the worker's.
const REFUSED = 36;

describeLostLines('a worker that has lost its rooms as well', (_real, lines) => {
  /*
   * Reset, not silent: rtc-node tries once to resume a room, and when that fails at once it closes the
   * media as well and joins anew. So there is silence until the path is back and its next try comes.
   */
  it(
    'keeps its calls while every TCP connection is reset, and they talk on after it',
    { timeout: 120_000 },
    async () => {
      // A room on its way back knows nobody; that must not pass for an empty one.
      await lines.start({ emptyRoomGraceMs: 500 });
      const calls = await Promise.all([lines.call(), lines.call(), lines.call()]);
      const told = calls.map((caller) => caller.events.length);
      const refused = lines.line.cutConnections;
      const cut = Date.now();
      lines.line.mode = 'cut';
      await vi.waitUntil(() => lines.line.cutConnections >= refused + REFUSED, { timeout: 30_000 });
      lines.line.mode = 'pass';
      const healed = Date.now();
      await lines.backAgain(1);

      const next = await lines.call();
      const again = await Promise.all(
        calls.map((caller, at) => caller.waitForEvent('agentAudible', { from: told[at] ?? 0 })),
      );
      const afterMs = again.map(({ atMs }) => Math.round(atMs - healed));
      console.log(
        `cut for ${healed - cut} ms; published again ${afterMs.join(', ')} ms after the path`,
      );
      await Promise.all(calls.map((caller) => caller.waitForAudio({ minMs: 500 })));
      expect(await lines.worker.snapshot()).toMatchObject({
        activeSessions: 4,
        totalSessionFailures: 0,
      });
      await lines.hungUp([next, ...calls]);
    },
  );

  /** Ten tries, which are over in seconds when each is refused at once. Nothing outside of rtc-node gives it more. */
  it(
    'fails a call whose room rtc-node gives up, and goes on with the next',
    { timeout: 120_000 },
    async () => {
      await lines.start();
      const lost = await lines.call();
      const cut = performance.now();
      lines.line.mode = 'cut';
      const { outcome } = await lines.worker.ended(lost.room);
      console.log(`rtc-node gave up after ${Math.round(performance.now() - cut)} ms`);
      expect(outcome).toMatchObject({
        status: 'failed',
        error: { code: 'SESSION_CONNECTION_LOST' },
      });
      lines.line.mode = 'pass';
      await lines.backAgain(1);
      const next = await lines.call();
      expect(await lines.worker.snapshot()).toMatchObject({
        state: 'running',
        activeSessions: 1,
        totalSessionFailures: 1,
        consecutiveFailures: 0,
      });
      await lines.hungUp([next]);
    },
  );
});
