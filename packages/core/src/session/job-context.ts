import { JobContext, type JobProcess, type ipc } from '@livekit/agents';
import type { Room } from '@livekit/rtc-node';

import { OpenRtcError } from '../base/errors.js';
import type { JobTicket } from '../call/job-ticket.js';

/** What the `JobContext` of a call is made of. */
export interface JobContextParts {
  readonly ticket: JobTicket;
  readonly room: Room;
  readonly process: JobProcess;
  readonly executor: ipc.InferenceExecutor | undefined;
  /** For `ctx.deleteRoom()` and the like; absent where the secret does not belong. */
  readonly credentials: { readonly apiKey: string; readonly apiSecret: string } | undefined;
  /** Called by `ctx.shutdown(reason)`. */
  readonly onShutdown: (reason: string) => void;
}

/** Only asked when somebody builds a local turn detector by hand without the package that serves it. */
export const noExecutor: ipc.InferenceExecutor = {
  doInference: (method) =>
    Promise.reject(
      new OpenRtcError(
        'CONFIG_INVALID_OPTION',
        `Nothing here runs the model '${method}': npm install @openrtc/prewarm`,
      ),
    ),
};

/** The SDK's own job context, so that user code finds everything where it is used to. */
export function createJobContext(parts: JobContextParts): JobContext {
  const { ticket, room } = parts;
  return new JobContext(
    parts.process,
    {
      acceptArguments: { name: '', identity: ticket.identity, metadata: '' },
      job: ticket.job,
      url: ticket.media.url,
      token: ticket.media.token,
      workerId: ticket.workerId,
      ...parts.credentials,
    },
    room,
    () => {},
    parts.onShutdown,
    parts.executor ?? noExecutor,
  );
}
