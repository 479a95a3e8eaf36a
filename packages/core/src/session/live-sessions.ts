import { setImmediate as nextTick } from 'node:timers/promises';

import type { CodeEvent } from '../call/code-change.js';
import { LiveSession, type LiveSessionOptions } from './live-session.js';
import type { NewCode } from './renew-call.js';

/** The calls of this process whose code can change. */
export class LiveSessions {
  readonly #live = new Map<string, LiveSession>();
  #code: NewCode | undefined;

  /** The number of the change that the code of this process came with. */
  get generation(): number {
    return this.#code?.generation ?? 0;
  }

  /**
   * Begins to change the code of a call.
   * @param generation - that of this process when the agent of the call was built; a change that has come since is made now
   * @returns a function to be called at the end of the call
   */
  add(options: LiveSessionOptions): () => void {
    const { jobId } = options.info;
    const live = new LiveSession(options);
    this.#live.set(jobId, live);
    if (this.#code !== undefined && options.generation < this.#code.generation)
      void live.change(this.#code);
    return () => {
      live.end();
      this.#live.delete(jobId);
    };
  }

  /** Changes all calls to other code. Resolves with what has become of it so far in each. */
  async change(code: NewCode): Promise<readonly CodeEvent[]> {
    this.#code = code;
    const events: CodeEvent[] = [];
    // Those that end or begin meanwhile are left out, or seen.
    for (const live of this.#live.values()) {
      if (live.generation >= code.generation) continue;
      events.push(await live.change(code));
      // The others are heard meanwhile.
      await nextTick();
    }
    return events;
  }
}
