import type { CurrentCall } from '../sdk/current-call.js';

// As many as rtc-node makes by itself.
const ATTEMPTS = 4;

/**
 * Joins the room of a call, and tries again as long as the call goes on. rtc-node is told not to try again by itself:
 * nothing stops it, and a room that was deleted meanwhile would be created again long after the call.
 * @throws the error of the last attempt
 */
export async function joinRoom({ ctx, end, logger }: CurrentCall): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await ctx.connect();
      return;
    } catch (error) {
      if (attempt === ATTEMPTS || end.outcome !== undefined) throw error;
      logger.debug({ error, attempt }, 'the room was not joined: trying again');
    }
  }
}
