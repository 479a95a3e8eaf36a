import type { OperateOptions } from '@openrtc/core';

import { UsageError } from '../usage-error.js';
import type { Verb } from '../verbs/verb.js';
import { type Flags, flagOf } from './table.js';

/** The port of LiveKit's own worker. */
const USUAL_PORT = 8_081;
const ANY_FREE = 0;

type Watched = Pick<OperateOptions, 'health' | 'metrics' | 'watchdog'>;

/**
 * How a worker is watched: the flags, key by key, over what the code says, over what the verb does by itself.
 * @param said - by the code, to the pool or to `run()`
 * @throws UsageError for a flag that is about another one that was not given
 */
export function operateSettings(verb: Verb, flags: Flags, said: OperateOptions): Watched {
  return {
    ...healthOf(verb, flags, said.health),
    ...metricsOf(flags, said.metrics),
    ...(verb === 'dev' ? withoutKill(said) : {}),
  };
}

/** For one call of somebody at a terminal: it takes no port and no file from the worker of the same code. */
export function watchedByNobody(said: OperateOptions): Watched {
  return { health: null, metrics: null, ...withoutKill(said) };
}

function healthOf(
  verb: Verb,
  { port, host }: Flags,
  said: OperateOptions['health'],
): Pick<OperateOptions, 'health'> {
  // Also `null`, which says that nothing shall listen.
  if (port === undefined && host === undefined && said !== undefined) return {};
  return {
    health: {
      port: verb === 'dev' ? ANY_FREE : USUAL_PORT,
      ...said,
      ...(port === undefined ? {} : { port }),
      ...(host === undefined ? {} : { host }),
    },
  };
}

function metricsOf(flags: Flags, said: OperateOptions['metrics']): Pick<OperateOptions, 'metrics'> {
  const { metricsJsonFile, metricsJsonl, metricsJsonlInterval } = flags;
  if (metricsJsonlInterval !== undefined && metricsJsonl === undefined)
    throw new UsageError(
      `${flagOf('metricsJsonlInterval')} is about ${flagOf('metricsJsonl')}: give that as well`,
    );
  if (metricsJsonFile === undefined && metricsJsonl === undefined) return {};
  return {
    metrics: {
      ...said,
      ...(metricsJsonFile === undefined ? {} : { jsonFile: metricsJsonFile }),
      ...(metricsJsonl === undefined ? {} : { jsonlFile: metricsJsonl }),
      ...(metricsJsonlInterval === undefined ? {} : { jsonlIntervalMs: metricsJsonlInterval }),
    },
  };
}

/** Nobody would start it again, and somebody may be looking into what holds it. */
function withoutKill({ watchdog }: OperateOptions): Pick<OperateOptions, 'watchdog'> {
  if (watchdog === false) return {};
  return { watchdog: { ...watchdog, killMs: Number.POSITIVE_INFINITY } };
}
