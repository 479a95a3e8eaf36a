import { setTimeout as sleep } from 'node:timers/promises';

import type { Logger } from '../base/logger.js';
import { printable } from '../base/printable.js';
import type { SessionInfo } from '../call/call.js';
import type { SessionOutcome } from '../call/session-outcome.js';
import { type RoomServer } from '../settle/remove-ghost.js';
import { RevivedRoom } from '../settle/revived-room.js';

// LiveKit may have sent the second job to another worker. An agent that joins after the deletion would create the room
// once more; one that is in the room leaves with it.
const REMOVE_AFTER_MS = 500;
// Their sids are unique, and an offer comes within a second.
const REMEMBERED = 1_000;

/** Rooms that the late joins of this worker's agents have created again: no further job of them is taken. */
export class RevivedRooms {
  readonly #server: RoomServer;
  readonly #logger: Logger;
  readonly #sids = new Set<string>();

  constructor(server: RoomServer, logger: Logger) {
    this.#server = server;
    this.#logger = logger;
  }

  /** Whether a room with this sid is one of them. */
  has(sid: string | undefined): boolean {
    return sid !== undefined && this.#sids.has(sid);
  }

  /**
   * Looks for the room of a call that has ended, and deletes it if only its own join has created it. Never rejects.
   * @param sid - of the room that the call was for
   */
  async remove(
    { jobId, room }: SessionInfo,
    { error }: SessionOutcome,
    sid: string | undefined,
  ): Promise<void> {
    if (error?.code !== 'SESSION_WRONG_ROOM' || sid === undefined || sid === '') return;
    const revived = new RevivedRoom(this.#server, room, sid);
    try {
      const first = await revived.sid();
      if (first === undefined) return;
      this.#remember(first);
      await sleep(REMOVE_AFTER_MS);
      if ((await revived.sid()) !== first) return;
      await revived.remove();
      this.#logger.info(
        { jobId, room: printable(room) },
        'a room that was deleted, and that only the late join of its agent had created again, is deleted',
      );
    } catch (cause) {
      this.#logger.warn(
        { error: cause, jobId, room: printable(room) },
        'a room that was deleted before its agent joined may exist again: it could not be deleted',
      );
    }
  }

  #remember(sid: string): void {
    this.#sids.add(sid);
    const [oldest] = this.#sids;
    if (this.#sids.size > REMEMBERED && oldest !== undefined) this.#sids.delete(oldest);
  }
}
