import { ParticipantInfo_Kind } from '@livekit/protocol';
import { expect, it, vi } from 'vitest';

import { describeRealCalls } from './real-calls.js';

const TALK_MS = 300_000;
// The caller of a room comes back some seconds after its agent, and later where the machine is busy.
const GRACE_MS = 30_000;

describeRealCalls('a worker whose LiveKit node dies', (real) => {
  /*
   * A node that starts again knows nothing of its rooms. rtc-node joins a room of the same name, which its join creates, and
   * LiveKit may dispatch a second agent to it, before the caller is back or after.
   */
  it(
    'goes on with callers who come back, one agent each, and records the others as lost',
    { timeout: 180_000 },
    async () => {
      const worker = await real.startWorker({
        agents: 'monologue',
        pool: { emptyRoomGraceMs: GRACE_MS },
      });
      const gone = await real.listen(TALK_MS, 'gone');
      const back = await real.listen(TALK_MS, 'back');
      const told = back.events.length;

      real.server.kill();
      await real.loseCallers('gone');
      await real.server.startAgain();
      const { outcome } = await worker.ended(gone.room);
      expect(outcome).toMatchObject({
        status: 'failed',
        causedBy: 'network',
        error: { code: 'SESSION_CONNECTION_LOST' },
      });

      await back.waitForEvent('agentAudible', { from: told });
      const agents = async () =>
        (await real.server.listParticipants(back.room)).filter(
          ({ kind }) => kind === ParticipantInfo_Kind.AGENT,
        );
      await vi.waitFor(async () => expect(await agents()).toHaveLength(1), { timeout: 30_000 });
      await back.waitForAudio({ minMs: 2_000 });
      expect(await agents()).toHaveLength(1);
      await back.hangUp();
      await vi.waitFor(
        async () =>
          expect(await worker.snapshot()).toMatchObject({
            activeSessions: 0,
            consecutiveFailures: 0,
          }),
        { timeout: 2 * GRACE_MS },
      );
    },
  );
});
