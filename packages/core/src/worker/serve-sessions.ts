import type { ipc } from '@livekit/agents';

import type { Channel } from '../launch/channel.js';
import { ServedSessions } from '../launch/served-sessions.js';
import { type WatchdogOptions, watchdogLimits } from '../operate/watchdog-options.js';
import type { SharedModels } from '../session/shared-models.js';
import type { AgentConfig } from '../agents/agent-options.js';
import { defaultModels } from './default-parts.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import { installFaultHandlers, ignoreSignals } from './process-handlers.js';
import { SessionHost, type SessionHostOptions } from './session-host.js';
import { tightenHeap } from './tight-heap.js';
import type { ProcessOptions } from './worker-options.js';

export interface ServeOptions extends ProcessOptions {
  readonly processHandlers: boolean;
}

/**
 * The pool in a process that a strategy has started: it runs the calls that come through the channel, and
 * never connects to LiveKit as a worker. Resolves when the pool at the other end wants no more of it, or
 * is gone; rejects when no call can run here.
 */
export async function serveSessions(channel: Channel, options: ServeOptions): Promise<void> {
  const { pool, registry, source, watchdog, logger } = options;
  const sessions = new ServedSessions(channel);
  const uninstalls = options.processHandlers
    ? [
        // Who sent it has told the worker as well, and the worker says when calls end.
        ignoreSignals(logger),
        installFaultHandlers({ tainted: (error) => sessions.tainted(error) }, logger),
      ]
    : [];
  let host: SessionHost | undefined;
  try {
    const { turnDetector } = await sessions.hello;
    const executor: ipc.InferenceExecutor = {
      doInference: (method, data) => sessions.infer(method, data),
    };
    const models = await lentModels(pool, source.entry, executor, turnDetector);
    host = new SessionHost({
      ...options,
      pool: { ...pool, models },
      report: (event) => sessions.report(event),
      onBusy: (why) => sessions.busy(why !== undefined),
      watch: watchdog === false ? undefined : watchInCallProcess(watchdog),
      credentials: credentialsOf(pool),
    });
    await host.prewarm(sessions.closed);
    if (options.processHandlers) tightenHeap();
    sessions.ready(host, warningsOf(pool, registry.list()));
    await sessions.done;
  } catch (error) {
    // Nobody is there any more who could be told, and nothing is wrong here.
    if (sessions.closed.aborted) return;
    sessions.broken(error);
    throw error;
  } finally {
    for (const uninstall of uninstalls) uninstall();
    await host?.close();
    channel.close();
  }
}

/** The models of the pool, with their inference run by the worker. */
async function lentModels(
  pool: AgentPoolOptions,
  entry: string,
  executor: ipc.InferenceExecutor,
  turnDetector: boolean,
): Promise<SharedModels | null> {
  if (pool.models === null) return null;
  const own = pool.models ?? (await defaultModels(entry));
  return (
    own?.lentBy?.(executor, turnDetector) ?? {
      executor,
      turnDetector,
      async load() {},
      async [Symbol.asyncDispose]() {},
    }
  );
}

/**
 * Here the worker asks whether the loop still turns, and kills what does not: the thread has only to say where it was,
 * and starts when there is something to say.
 */
function watchInCallProcess(
  watchdog: WatchdogOptions | undefined,
): NonNullable<SessionHostOptions['watch']> {
  const { slowMs } = watchdogLimits(watchdog);
  const never = Number.POSITIVE_INFINITY;
  return {
    limits: { slowMs, stuckMs: never, killMs: never },
    thread: 'after_block',
    // It was logged, and the pool has no call to count it for.
    onBlock: () => {},
  };
}

function credentialsOf({ livekit }: AgentPoolOptions) {
  const apiKey = livekit?.apiKey ?? process.env['LIVEKIT_API_KEY'];
  const apiSecret = livekit?.apiSecret ?? process.env['LIVEKIT_API_SECRET'];
  return apiKey === undefined || apiSecret === undefined ? undefined : { apiKey, apiSecret };
}

/** What would fail in every call here, and not in the worker's own process. */
function warningsOf(pool: AgentPoolOptions, agents: readonly AgentConfig[]): readonly string[] {
  const hasKey = ['LIVEKIT_INFERENCE_API_KEY', 'LIVEKIT_API_KEY'].some(
    (name) => (process.env[name] ?? '') !== '',
  );
  if (hasKey) return [];
  const byName = [pool.defaults, ...agents].some((options) =>
    [options?.stt, options?.llm, options?.tts].some((provider) => typeof provider === 'string'),
  );
  return byName
    ? [
        'A provider given by name is served by LiveKit Inference, which wants LIVEKIT_API_KEY and LIVEKIT_API_SECRET (or LIVEKIT_INFERENCE_API_KEY and _SECRET); the processes of calls are not given the former. Name them in the env option of the isolation to hand them over.',
      ]
    : [];
}
