import { initializeLogger, log, loggerOptions } from '@livekit/agents';

import type { Logger } from '../base/logger.js';
import { withoutCallFields } from './call-log-fields.js';
import { redactLogs, redactPermanently } from './redacted-logs.js';

/** How a process logs. */
export interface LogStyle {
  /** True: lines for people. False: one JSON object per line. */
  readonly pretty: boolean;
  /** Lowest level that is logged: `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`. */
  readonly level: string;
}

/**
 * The SDK's logger, without the call fields. When there is none yet, it is created: JSON, with the level of
 * `LIVEKIT_LOG_LEVEL`, by default `info`. Secrets are removed from its lines, see `redactLogs`.
 */
export function sdkLogger(): Logger {
  const level = process.env['LIVEKIT_LOG_LEVEL'] ?? 'info';
  const logger = initialized() ?? initialize({ pretty: false, level });
  // Before the patch does it, because the first lines are logged earlier. The patch undoes it after the last pool.
  redactLogs(logger);
  return withoutCallFields(logger);
}

/**
 * Sets up the logger of the `@livekit/agents` that this copy of OpenRTC uses. Does nothing when it has been set up
 * already: style and level have been chosen then. Secrets are removed from its lines, see `redactLogs`.
 */
export function startLogs(style: LogStyle): void {
  if (loggerOptions() === undefined) initialize(style);
}

/** The SDK's logger, without the call fields; undefined while there is none. */
export function currentSdkLogger(): Logger | undefined {
  const logger = initialized();
  return logger === undefined ? undefined : withoutCallFields(logger);
}

function initialized(): Logger | undefined {
  try {
    return log();
  } catch {
    // It throws until it is initialised; there is no other way to find out.
    return undefined;
  }
}

function initialize(style: LogStyle): Logger {
  initializeLogger({ ...style });
  redactPermanently(log());
  return log();
}
