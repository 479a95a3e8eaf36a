import type { ipc } from '@livekit/agents';

import { everyStep } from '../base/every-step.js';
import { kindOf } from '../base/kind-of.js';
import { invalidOption } from '../base/option-checks.js';
import type { Channel } from '../launch/channel.js';
import { ServedSessions } from '../launch/served-sessions.js';
import { type WatchdogOptions, watchdogLimits } from '../operate/watchdog-options.js';
import type { SharedModels } from '../session/shared-models.js';
import type { AgentConfig } from '../agents/agent-options.js';
import { defaultModels } from './default-parts.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import { guardLogs } from './log-guard.js';
import { installFaultHandlers, ignoreSignals } from './process-handlers.js';
import { SessionHost, type SessionHostOptions } from './session-host.js';
import { tightenHeap } from './tight-heap.js';
import type { ProcessOptions } from './worker-options.js';

/** Options of {@link serveSessions}. */
export interface ServeOptions extends ProcessOptions {
  /** Whether it handles the signals and uncaught errors of the process. */
  readonly processHandlers: boolean;
}

/**
 * Runs a pool in a process that a strategy has started: it runs the calls that arrive through the channel, and never
 * registers with LiveKit as a worker. Resolves when the pool at the other end no longer needs it, or is gone.
 * @throws when no call can run here, for example OpenRtcError `PREWARM_FAILED`
 */
export async function serveSessions(channel: Channel, options: ServeOptions): Promise<void> {
  const { pool, registry, source, watchdog, logger } = options;
  checkChannel(channel);
  const sessions = new ServedSessions(channel);
  const unguard = options.processHandlers ? guardLogs(pool.logger, logger) : () => {};
  const uninstalls = options.processHandlers
    ? [
        // The worker gets the same signals, and decides when calls end.
        ignoreSignals(logger),
        installFaultHandlers({ tainted: (error) => sessions.tainted(error) }, logger),
      ]
    : [];
  let host: SessionHost | undefined;
  const serve = async () => {
    const { turnDetector } = await sessions.hello;
    const executor: ipc.InferenceExecutor = {
      doInference: (method, data) => sessions.infer(method, data),
    };
    const models = await lentModels(pool, source.packagesFrom, executor, turnDetector);
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
  };
  const broken = (error: unknown) => {
    // The pool is gone, so there is nothing to report, and nothing has failed here.
    if (sessions.closed.aborted) return;
    sessions.broken(error);
    throw error;
  };
  await everyStep(logger, [
    () => serve().catch(broken),
    ...uninstalls,
    () => host?.close(),
    () => channel.close(),
    // Last, because closing logs too.
    unguard,
  ]);
}

/** Strategies may be JavaScript, and a module named by a variable may return anything. */
function checkChannel(channel: unknown): void {
  const methods = ['send', 'onMessage', 'onClose', 'close'] as const;
  const given = Object(channel) as Record<string, unknown>;
  const missing = methods.filter((name) => typeof given[name] !== 'function');
  if (missing.length > 0)
    throw invalidOption(
      'serveTickets()',
      `the channel must have the methods ${methods.join(', ')}; got ${kindOf(channel)} without ${missing.join(', ')}`,
    );
}

/** The models of the pool, whose inference runs in the worker. */
async function lentModels(
  pool: AgentPoolOptions,
  packagesFrom: readonly string[],
  executor: ipc.InferenceExecutor,
  turnDetector: boolean,
): Promise<SharedModels | null> {
  if (pool.models === null) return null;
  const own = pool.models ?? (await defaultModels(packagesFrom));
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
 * In such a process the worker checks whether the event loop still runs, and kills the process if not. The watchdog
 * thread only reports where the loop was blocked, and starts after the first block.
 */
function watchInCallProcess(
  watchdog: WatchdogOptions | undefined,
): NonNullable<SessionHostOptions['watch']> {
  const { slowMs } = watchdogLimits(watchdog);
  const never = Number.POSITIVE_INFINITY;
  return {
    limits: { slowMs, stuckMs: never, killMs: never },
    thread: 'after_block',
    // The block has been logged, and there is no call to count it for.
    onBlock: () => {},
  };
}

function credentialsOf({ livekit }: AgentPoolOptions) {
  const apiKey = livekit?.apiKey ?? process.env['LIVEKIT_API_KEY'];
  const apiSecret = livekit?.apiSecret ?? process.env['LIVEKIT_API_SECRET'];
  return apiKey === undefined || apiSecret === undefined ? undefined : { apiKey, apiSecret };
}

/** Warnings about a configuration that fails in every call here, although it works in the worker's own process. */
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
        'A provider given by name is served by LiveKit Inference, which needs LIVEKIT_API_KEY and LIVEKIT_API_SECRET (or LIVEKIT_INFERENCE_API_KEY and _SECRET). Processes of calls do not get the first two by default: name them in the env option of the isolation to pass them on.',
      ]
    : [];
}
