import { initializeLogger, log, loggerOptions } from '@livekit/agents';

import type { Logger } from '../base/logger.js';
import { withoutCallFields } from './call-log-fields.js';
import { redactForGood, redactLogs } from './redacted-logs.js';

/** How a process logs. */
export interface LogStyle {
  /** True: for people. False: a line of JSON each. */
  readonly pretty: boolean;
  /** The lowest level that is written: `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`. */
  readonly level: string;
}

/**
 * The SDK's logger as its owner made it; creates it (JSON, `LIVEKIT_LOG_LEVEL` or info) when there is none yet.
 * Secrets are taken out of its lines, see `redactLogs`.
 */
export function sdkLogger(): Logger {
  const level = process.env['LIVEKIT_LOG_LEVEL'] ?? 'info';
  const logger = initialized() ?? initialize({ pretty: false, level });
  // The patch takes this back when the last pool has ended; the first lines come before it is applied.
  redactLogs(logger);
  return withoutCallFields(logger);
}

/**
 * Sets up the logger of the `@livekit/agents` that the pools of this copy of OpenRTC run on, unless it was set up
 * already: then its owner has chosen style and level. No line of it has a secret, see `redactLogs`.
 */
export function startLogs(style: LogStyle): void {
  if (loggerOptions() === undefined) initialize(style);
}

function initialized(): Logger | undefined {
  try {
    return log();
  } catch {
    // It throws until it is initialised; there is no other way to ask.
    return undefined;
  }
}

function initialize(style: LogStyle): Logger {
  initializeLogger({ ...style });
  redactForGood(log());
  return log();
}
