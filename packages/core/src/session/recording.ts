import type { AgentOptions } from '../agents/agent-options.js';

type Record = AgentOptions['record'];

/**
 * What a call hands to `session.start()` as `record`. Audio and transcript are uploaded per call, under
 * its own ids. Traces and logs never: the SDK sets up one tracer and one log exporter for the process,
 * with the ids of whichever call was first or last, so two calls would be mixed up.
 */
export function recordingOf(record: Record, warnOnce: (message: string) => void) {
  if (record === undefined || record === false) return false;
  const {
    audio = true,
    transcript = true,
    traces,
    logs,
    redaction,
  } = record === true ? {} : record;
  if (traces === undefined || logs === undefined)
    warnOnce(
      'record: audio and transcript are uploaded, traces and logs are not, because the SDK cannot tell the calls of one process apart there; say so with record: { traces: false, logs: false }',
    );
  return {
    audio,
    transcript,
    traces: false,
    logs: false,
    ...(redaction === undefined ? {} : { redaction }),
  };
}
