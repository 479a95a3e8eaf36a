import type { AgentOptions } from '../agents/agent-options.js';

type Record = AgentOptions['record'];

/**
 * Returns the option `record` for `session.start()`. Audio and transcript are uploaded per call, with its own ids.
 * Traces and logs are never uploaded: the SDK has one tracer and one log exporter per process, with the ids of the
 * first or last call, so calls would be mixed up.
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
      'record: audio and transcript are uploaded, traces and logs are not, because for them the SDK cannot tell the calls of one process apart; to hide this warning, set record: { traces: false, logs: false }',
    );
  return {
    audio,
    transcript,
    traces: false,
    logs: false,
    ...(redaction === undefined ? {} : { redaction }),
  };
}
