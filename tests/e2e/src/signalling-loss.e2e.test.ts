import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';

import { lasting } from './long-forms.js';
import { describeLostLines } from './losable-lines.js';

// How long the path is gone.
const OUTAGE_MS = lasting({ inCi: 5_000, nightly: 60_000 });
const ALL_TCP_MS = lasting({ inCi: 4_000, nightly: 10_000 });

describeLostLines('a worker cut off from LiveKit', (real, lines) => {
  it(
    'keeps its calls talking without its signalling, and takes the next call when it is back',
    { timeout: 120_000 + OUTAGE_MS },
    async () => {
      const { server } = real;
      await lines.start();
      const calls = await Promise.all([lines.call(), lines.call(), lines.call()]);
      const leaving = await lines.call();
      const { jobId } = await server.assignedIn(leaving.room);
      const gaps = await real.watchGaps(calls);

      lines.signalling.mode = 'cut';
      await leaving.hangUp();
      expect((await lines.worker.ended(leaving.room)).outcome).toMatchObject({
        status: 'success',
        reason: 'caller_left',
      });
      await sleep(OUTAGE_MS);
      expect((await lines.worker.snapshot()).livekit.state).not.toBe('registered');
      lines.signalling.mode = 'pass';
      await lines.backAgain(1);
      await gaps.expectNone();

      const next = await lines.call();
      expect(await lines.worker.snapshot()).toMatchObject({
        activeSessions: 4,
        totalSessionFailures: 0,
      });
      await lines.hungUp([next, ...calls]);
      const { jobId: nextId } = await server.assignedIn(next.room);
      expect((await server.jobEnded(nextId)).status).toBe('JS_SUCCESS');
      // The server forgets the jobs of a lost connection: the final status, which came over the next
      // one, is of a job it does not know. (The embedded endpoint and LiveKit Cloud take it.)
      const ended = server.log.filter(({ msg }) => msg === 'job ended');
      expect(ended.map((line) => line['jobID'])).not.toContain(jobId);
    },
  );

  it(
    'keeps its calls talking while no TCP connection carries anything',
    { timeout: 120_000 },
    async () => {
      await lines.start();
      const calls = await Promise.all([lines.call(), lines.call(), lines.call()]);
      const gaps = await real.watchGaps(calls);

      lines.line.mode = 'half_open';
      await sleep(ALL_TCP_MS);
      lines.line.mode = 'pass';
      // Shorter than its patience: it has not even lost its connection.
      await lines.backAgain(0);
      await gaps.expectNone();

      const next = await lines.call();
      expect(await lines.worker.snapshot()).toMatchObject({
        activeSessions: 4,
        totalSessionFailures: 0,
      });
      await lines.hungUp([next, ...calls]);
    },
  );
});
