import { createHash, timingSafeEqual } from 'node:crypto';

import type { RuntimeSnapshot } from './runtime-snapshot.js';
import type { MetricFamily } from './metric-families.js';
import { PROMETHEUS_TYPE, prometheusText } from './prometheus-text.js';

/** The answer of `/worker`, with the field names that the worker of `@livekit/agents` uses. */
export interface WorkerInfo {
  readonly agent_name: string;
  readonly agent_name_is_env: boolean;
  readonly deployment: string;
  readonly worker_type: string;
  readonly active_jobs: number;
  readonly worker_load: number;
  readonly sdk_version: string;
  readonly project_type: string;
  readonly protocol_version: number;
}

/** The data behind the routes. */
export interface HealthSource {
  /** The current snapshot of the pool. */
  snapshot(): RuntimeSnapshot;
  /** The answer of `/worker`. */
  info(): WorkerInfo;
  /** The current metrics. */
  metrics(): Promise<readonly MetricFamily[]>;
}

/** The parts of an HTTP request that matter here. */
export interface HealthRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
}

/** An HTTP response. */
export interface HealthAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

type Route = (source: HealthSource) => HealthAnswer | Promise<HealthAnswer>;

const PLAIN = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json';

const open: Readonly<Record<string, Route>> = {
  // The same answers as those of LiveKit's own worker.
  '/': (source) =>
    source.snapshot().livekit.state === 'registered'
      ? text(200, 'OK')
      : text(503, 'not connected to livekit'),
  // Any answer means alive: a blocked event loop does not answer.
  '/healthz': () => text(200, 'OK'),
  '/readyz': (source) => {
    const { ready, notReady } = source.snapshot();
    return json(ready ? 200 : 503, { ready, notReady });
  },
};

const guarded: Readonly<Record<string, Route>> = {
  '/worker': (source) => json(200, source.info()),
  '/metrics': async (source) => ({
    status: 200,
    type: PROMETHEUS_TYPE,
    body: textOf(await source.metrics()),
  }),
};

// Requests that share a collection share its text.
const texts = new WeakMap<readonly MetricFamily[], string>();

function textOf(families: readonly MetricFamily[]): string {
  const text = texts.get(families) ?? prometheusText(families);
  texts.set(families, text);
  return text;
}

/** Answers one request; 401, 404 and 405 for those that are not allowed. Rejects if a source does. */
export async function answer(
  { method, path, authorization }: HealthRequest,
  source: HealthSource,
  token: string | undefined,
): Promise<HealthAnswer> {
  const isOpen = Object.hasOwn(open, path);
  const route = isOpen ? open[path] : Object.hasOwn(guarded, path) ? guarded[path] : undefined;
  if (route === undefined) return text(404, 'not found');
  if (method !== 'GET' && method !== 'HEAD')
    return { ...text(405, 'only GET and HEAD'), headers: { Allow: 'GET, HEAD' } };
  if (!isOpen && token !== undefined && !isSame(authorization ?? '', `Bearer ${token}`))
    return { ...text(401, 'not authorized'), headers: { 'WWW-Authenticate': 'Bearer' } };
  return route(source);
}

function text(status: number, body: string): HealthAnswer {
  return { status, type: PLAIN, body };
}

function json(status: number, value: object): HealthAnswer {
  return { status, type: JSON_TYPE, body: JSON.stringify(value) };
}

/** Compares in constant time. */
function isSame(given: string, wanted: string): boolean {
  const [a, b] = [given, wanted].map((each) => createHash('sha256').update(each).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
