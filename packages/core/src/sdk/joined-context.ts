import { AutoSubscribe, FunctionExistsError, type JobContext } from '@livekit/agents';

import type { CurrentCall } from './current-call.js';
import type { CallPatch } from './sdk-patch.js';

/** Makes the job context work for code that runs after the join. */
export const joinedContextPatch: CallPatch = {
  scope: 'call',
  name: 'joined-context',
  why: 'The SDK lets code of a job run before the join; participant entrypoints that are added later miss the caller.',
  versions: '@livekit/agents 1.9',
  apply: serveJoined,
  undo: 'It ends with the job context.',
};

type Entrypoint = Parameters<JobContext['addParticipantEntrypoint']>[0];

/**
 * In LiveKit's own worker an entry function prepares its job and then joins. Here the agent joins first, and `setup()`
 * and `onEnter` run in the room. So a participant entrypoint is also called for those who are there already, and
 * `ctx.connect()` joins once, whoever calls it.
 */
export function serveJoined(call: CurrentCall): void {
  replayEntrypoints(call.ctx);
  connectOnce(call);
}

function replayEntrypoints(ctx: JobContext): void {
  const add = ctx.addParticipantEntrypoint.bind(ctx);
  const known = new Set<Entrypoint>();
  ctx.addParticipantEntrypoint = (callback) => {
    if (known.has(callback))
      throw new FunctionExistsError('entrypoints cannot be added more than once');
    known.add(callback);
    const served = new WeakSet<object>();
    const once: Entrypoint = async (job, participant) => {
      if (served.has(participant)) return;
      served.add(participant);
      await callback(job, participant);
    };
    add(once);
    // The join itself calls it for those who are there. Like the SDK, nothing waits for it: an error ends the call.
    if (ctx.room.isConnected)
      for (const participant of ctx.room.remoteParticipants.values()) void once(ctx, participant);
  };
}

function connectOnce({ ctx, logger }: CurrentCall): void {
  const connect = ctx.connect.bind(ctx);
  let joining: Promise<void> | undefined;
  ctx.connect = (e2ee, autoSubscribe, rtcConfig) => {
    if (joining === undefined) {
      joining = connect(e2ee, autoSubscribe, rtcConfig);
      // As with the SDK, a join that failed can be tried again. The caller gets the error.
      joining.catch(() => (joining = undefined));
      return joining;
    }
    const subscribesAll =
      (autoSubscribe ?? AutoSubscribe.SUBSCRIBE_ALL) === AutoSubscribe.SUBSCRIBE_ALL;
    if (e2ee !== undefined || rtcConfig !== undefined || !subscribesAll)
      logger.warn(
        {},
        "the options of ctx.connect() have no effect, because OpenRTC has joined the room: call it in the agent's factory, which runs before",
      );
    return joining;
  };
}
