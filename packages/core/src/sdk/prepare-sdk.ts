import { initializeLogger, log, loggerOptions, version } from '@livekit/agents';

import { OpenRtcError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { forgetLostRaces } from './lost-races.js';
import { clearTaskTimers } from './sdk-timers.js';
import { redactLogs } from './redacted-logs.js';
import { addCallFields, removeCallFields, withoutCallFields } from './call-log-fields.js';
import { installFfiClient, releaseFfiClient } from './ffi-client.js';
import { separateProviderEvents } from './shared-provider.js';

const SUPPORTED = /^1\.9\./;

/**
 * The SDK's logger as its owner made it; creates it (JSON, `LIVEKIT_LOG_LEVEL` or info) when nobody has yet.
 */
export function sdkLogger(): Logger {
  const level = process.env['LIVEKIT_LOG_LEVEL'] ?? 'info';
  const logger = initialized() ?? initialize({ pretty: false, level });
  redactLogs(logger);
  return withoutCallFields(logger);
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
  return log();
}

/** How a process logs. */
export interface LogStyle {
  /** For people; else a line of JSON each. */
  readonly pretty: boolean;
  /** The least that is written: `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`. */
  readonly level: string;
}

/**
 * Sets up the logger of the `@livekit/agents` that the pools of this copy of OpenRTC run on, unless it was set up
 * already: then somebody has chosen its style and level. No line of it has a secret, see `redactLogs`.
 */
export function startLogs(style: LogStyle): void {
  if (loggerOptions() === undefined) redactLogs(initialize(style));
}

/**
 * Makes `@livekit/agents` ready for many calls in this process. Must run outside any call, before
 * the first room.
 * @returns the other end of it, to be called once
 * @throws OpenRtcError `CONFIG_UNSUPPORTED_SDK` for a version this was not built against; nothing is to
 * be undone then.
 */
export function prepareSdk(logger: Logger): () => Promise<void> {
  if (!SUPPORTED.test(version)) {
    throw new OpenRtcError(
      'CONFIG_UNSUPPORTED_SDK',
      `@livekit/agents ${version} is installed, but this version of OpenRTC runs on 1.9: npm install @livekit/agents@~1.9.0`,
    );
  }
  sdkLogger();
  clearTaskTimers();
  forgetLostRaces(logger);
  separateProviderEvents(logger);
  addCallFields(logger);
  installFfiClient(logger);
  return async () => {
    removeCallFields();
    await releaseFfiClient(logger);
  };
}
