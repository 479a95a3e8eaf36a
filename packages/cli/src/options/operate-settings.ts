import type { AuditSink, OperateOptions } from '@openrtc/core';

import { defined } from '../defined.js';
import type { Verb } from '../verbs/verb.js';
import { type Flags, needsFlag } from './table.js';

/** The port that LiveKit's own worker uses. */
const START_PORT = 8_081;
const ANY_FREE_PORT = 0;

type WatchSettings = Pick<OperateOptions, 'health' | 'metrics' | 'audit' | 'watchdog'>;

/**
 * The settings that watch a worker. Each key comes from its flag, else from the code, else from the verb.
 * @param fromCode - options that the code passed to the pool or to `run()`
 * @throws UsageError for a flag that needs another flag
 */
export function operateSettings(verb: Verb, flags: Flags, fromCode: OperateOptions): WatchSettings {
  return {
    ...healthOf(verb, flags, fromCode.health),
    ...metricsOf(flags, fromCode.metrics),
    ...auditOf(flags, fromCode.audit),
    ...(verb === 'dev' ? withoutKill(fromCode) : {}),
  };
}

/** The settings for a single call in a terminal: it leaves the port and the files to the worker of the same code. */
export function singleCallSettings(fromCode: OperateOptions): WatchSettings {
  return { health: null, metrics: null, audit: null, ...withoutKill(fromCode) };
}

function healthOf(
  verb: Verb,
  { port, host }: Flags,
  fromCode: OperateOptions['health'],
): Pick<OperateOptions, 'health'> {
  // `null` from the code counts too: nothing must listen.
  if (port === undefined && host === undefined && fromCode !== undefined) return {};
  return {
    health: {
      port: verb === 'dev' ? ANY_FREE_PORT : START_PORT,
      ...fromCode,
      ...defined({ port, host }),
    },
  };
}

function metricsOf(
  flags: Flags,
  fromCode: OperateOptions['metrics'],
): Pick<OperateOptions, 'metrics'> {
  const { metricsJsonFile: jsonFile, metricsJsonl: jsonlFile } = flags;
  const jsonlIntervalMs = flags.metricsJsonlInterval;
  if (jsonlIntervalMs !== undefined && jsonlFile === undefined)
    throw needsFlag('metricsJsonlInterval', 'metricsJsonl');
  if (jsonFile === undefined && jsonlFile === undefined) return {};
  return { metrics: { ...fromCode, ...defined({ jsonFile, jsonlFile, jsonlIntervalMs }) } };
}

/** The flags add sinks to those of the code: an audit must not end because somebody wants another one. */
function auditOf(
  { auditFile, auditFsync, auditUrl }: Flags,
  fromCode: OperateOptions['audit'],
): Pick<OperateOptions, 'audit'> {
  if (auditFsync !== undefined && auditFile === undefined)
    throw needsFlag('auditFsync', 'auditFile');
  const added: AuditSink[] = [
    ...(auditFile === undefined ? [] : [{ file: auditFile, ...defined({ fsync: auditFsync }) }]),
    ...(auditUrl === undefined ? [] : [{ url: auditUrl }]),
  ];
  if (added.length === 0) return {};
  return { audit: { sink: [...[fromCode?.sink ?? []].flat(), ...added] } };
}

/** Nothing would restart the process, and the user may be debugging what blocks it. */
function withoutKill({ watchdog }: OperateOptions): Pick<OperateOptions, 'watchdog'> {
  if (watchdog === false) return {};
  return { watchdog: { ...watchdog, killMs: Number.POSITIVE_INFINITY } };
}
