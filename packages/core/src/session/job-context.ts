import { JobContext, type JobProcess, type ipc } from '@livekit/agents';
import type { Room } from '@livekit/rtc-node';

import { OpenRtcError } from '../base/errors.js';
import type { JobTicket } from '../call/job-ticket.js';

/** The parts from which the `JobContext` of a call is created. */
export interface JobContextParts {
  /** The ticket of the call. */
  readonly ticket: JobTicket;
  /** The room of the call. */
  readonly room: Room;
  /** `ctx.proc`. */
  readonly process: JobProcess;
  /** Runs inference methods. Default: {@link noExecutor}. */
  readonly executor: ipc.InferenceExecutor | undefined;
  /** API key and secret for `ctx.deleteRoom()` and the like. Undefined in a process that must not have the secret. */
  readonly credentials: { readonly apiKey: string; readonly apiSecret: string } | undefined;
  /** Called by `ctx.shutdown(reason)`. */
  readonly onShutdown: (reason: string) => void;
}

/** Rejects every inference method. Used when an agent creates a local turn detector without `@openrtc/prewarm`. */
export const noExecutor: ipc.InferenceExecutor = {
  doInference: (method) =>
    Promise.reject(
      new OpenRtcError(
        'CONFIG_INVALID_OPTION',
        `Nothing here runs the model '${method}': npm install @openrtc/prewarm`,
      ),
    ),
};

/** Creates the SDK's own `JobContext`, so that user code can use everything it knows from the SDK. */
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
