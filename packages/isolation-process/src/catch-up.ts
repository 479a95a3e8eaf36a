import type { CodeChange, RemoteSessions } from '@openrtc/core/isolation';

/**
 * Lets a process that has started use the code that the others use: it may have begun with older code.
 * @param change - the last change of the code, if there was one
 * @param onReady - called in the tick in which there is no other one: a change that comes later asks all that are ready
 */
export async function catchUp(
  sessions: RemoteSessions,
  change: () => CodeChange | undefined,
  onReady: () => void,
): Promise<void> {
  for (let next = change(), used: typeof next; next !== used; next = change()) {
    if (next !== undefined) await (await sessions.prepareChange(next)).commit();
    used = next;
  }
  onReady();
}
