import { initializeLogger, log } from '@livekit/agents';

import { silentLogger } from '../../base/logger.js';
import { AgentPool } from '../../pool/agent-pool.js';
import type { AgentPoolOptions } from '../../options/pool-options.js';
import {
  absentAgent,
  agentOptions,
  BrokenAgent,
  ObedientAgent,
  replacedOptions,
  setUp,
  WORDS,
} from './conformance-agents.js';

/**
 * What one case of the suite wants of its pool: plain data, so that a strategy can hand it to another
 * process as JSON.
 */
export interface ConformanceScenario {
  readonly maxConcurrentSessions?: number;
  readonly maxSessionDurationMs?: number;
  readonly emptyRoomGraceMs?: number;
  readonly drainTimeoutMs?: number;
  /**
   * The agent `obedient` is replaced: in the worker just after it has accepted its first call, in a process that runs
   * calls before any call. An accepted call still runs the agent it was accepted for.
   */
  readonly replacesAfterYes?: boolean;
  /** Prewarm throws. */
  readonly prewarmFails?: boolean;
}

/**
 * The pool of the conformance suite, with its agents. The suite makes one for each case; a process that
 * a strategy starts for its calls makes the same one from the same scenario.
 * @param options - isolation, endpoint, observers: what the suite adds in the worker
 */
export function conformancePool(
  scenario: ConformanceScenario = {},
  options: AgentPoolOptions = {},
): AgentPool {
  quieten();
  const { prewarmFails = false, replacesAfterYes = false, ...limits } = scenario;
  const isWorker = options.livekit !== undefined;
  const replace = () => void pool.replace('obedient', ObedientAgent, replacedOptions);
  let accepted = false;
  const pool: AgentPool = new AgentPool({
    models: null,
    logger: silentLogger,
    // What is tested is the strategy.
    introspection: false,
    watchdog: false,
    // Failing is what many of the calls are for.
    consecutiveFailureLimit: 1_000,
    setup: setUp,
    prewarm: (proc) => {
      if (prewarmFails) throw new Error(WORDS.prewarm);
      proc.userData['prewarmed'] = 'yes';
    },
    ...(replacesAfterYes && isWorker
      ? {
          router: () => {
            // After the yes, which follows in this tick, and before the assignment.
            if (!accepted) queueMicrotask(replace);
            accepted = true;
            return null;
          },
        }
      : {}),
    ...limits,
    ...options,
  });
  pool.add('obedient', ObedientAgent, agentOptions);
  pool.add('second', () => new ObedientAgent(), agentOptions);
  pool.add('broken', BrokenAgent, agentOptions);
  pool.add('absent', absentAgent, agentOptions);
  pool.add('stubborn', ObedientAgent, agentOptions);
  if (replacesAfterYes && !isWorker) replace();
  return pool;
}

/** The SDK logs every step of every call; LIVEKIT_LOG_LEVEL shows it again. */
function quieten(): void {
  try {
    log();
  } catch {
    // log() throws until it is initialised; there is no other way to ask.
    initializeLogger({ pretty: false, level: process.env['LIVEKIT_LOG_LEVEL'] ?? 'silent' });
  }
}
