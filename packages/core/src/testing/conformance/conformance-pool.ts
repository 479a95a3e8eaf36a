import { initializeLogger, log } from '@livekit/agents';

import { silentLogger } from '../../base/logger.js';
import { AgentPool } from '../../pool/agent-pool.js';
import { hostCommand } from '../../pool/command-host.js';
import type { AgentPoolOptions } from '../../options/pool-options.js';
import { checkBoolean, checkKeys } from '../../base/option-checks.js';
import {
  absentAgent,
  agentOptions,
  BrokenAgent,
  ObedientAgent,
  replacedOptions,
  StumblingAgent,
  setUp,
  WORDS,
} from './conformance-agents.js';
import { VersionLoader, firstVersion } from './conformance-code.js';

/**
 * The options of the pool of one case, as plain data that a strategy can pass to another process as JSON.
 */
export interface ConformanceScenario {
  /** The pool option of that name. */
  readonly maxConcurrentSessions?: number;
  /** The pool option of that name, in milliseconds. */
  readonly maxSessionDurationMs?: number;
  /** The pool option of that name, in milliseconds. */
  readonly emptyRoomGraceMs?: number;
  /** The pool option of that name, in milliseconds. */
  readonly drainTimeoutMs?: number;
  /**
   * The agent `obedient` is replaced: in the worker just after it has accepted its first call, in a process that runs
   * calls before any call. An accepted call still runs the agent it was accepted for.
   */
  readonly replacesAfterYes?: boolean;
  /** True: prewarm throws. Default: false. */
  readonly prewarmFails?: boolean;
  /** True: prewarm never ends, and the start is called off meanwhile. Default: false. */
  readonly prewarmHangs?: boolean;
}

const SCENARIO = {
  maxConcurrentSessions: 'number',
  maxSessionDurationMs: 'number',
  emptyRoomGraceMs: 'number',
  drainTimeoutMs: 'number',
  replacesAfterYes: 'flag',
  prewarmFails: 'flag',
  prewarmHangs: 'flag',
} as const satisfies Readonly<Record<keyof ConformanceScenario, 'number' | 'flag'>>;

/**
 * Creates the pool of the conformance suite with its agents. The suite creates one for each case; a process that a
 * strategy starts creates the same one from the same scenario.
 * @param options - isolation, endpoint and observers, which the suite adds in the worker
 */
export function conformancePool(
  scenario: ConformanceScenario = {},
  options: AgentPoolOptions = {},
): AgentPool {
  return poolWithCode(scenario, options, new VersionLoader(options.livekit !== undefined));
}

/** The same, with the loader of the code of the agent `versioned`. */
export function poolWithCode(
  scenario: ConformanceScenario,
  options: AgentPoolOptions,
  loader: VersionLoader,
): AgentPool {
  checkScenario(scenario);
  silenceSdk();
  const {
    prewarmFails = false,
    prewarmHangs = false,
    replacesAfterYes = false,
    ...limits
  } = scenario;
  const isWorker = options.livekit !== undefined;
  const replace = () => void pool.replace('obedient', ObedientAgent, replacedOptions);
  let accepted = false;
  // As a command passes its loader to the pools of the module that it loads.
  const release = hostCommand({
    run: () => Promise.reject(new Error('no command runs this pool')),
    importer: { importModule: () => Promise.resolve({}), loader },
  });
  const pool: AgentPool = new AgentPool({
    models: null,
    logger: silentLogger,
    // Only the strategy is tested.
    introspection: false,
    watchdog: false,
    // Many of the calls fail on purpose.
    consecutiveFailureLimit: 1_000,
    setup: setUp,
    prewarm: (proc) => {
      if (prewarmFails) throw new Error(WORDS.prewarm);
      proc.userData['prewarmed'] = 'yes';
      return prewarmHangs ? new Promise(() => {}) : undefined;
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
  release();
  pool.add('obedient', ObedientAgent, agentOptions);
  pool.add('second', () => new ObedientAgent(), agentOptions);
  pool.add('broken', BrokenAgent, agentOptions);
  pool.add('versioned', firstVersion, agentOptions);
  pool.add('stumbling', StumblingAgent, agentOptions);
  pool.add('absent', absentAgent, agentOptions);
  pool.add('stubborn', ObedientAgent, agentOptions);
  if (replacesAfterYes && !isWorker) replace();
  return pool;
}

/** Silences the SDK, which logs every step of a call. LIVEKIT_LOG_LEVEL overrides this. */
function silenceSdk(): void {
  try {
    log();
  } catch {
    // log() throws until it is initialised; there is no other way to ask.
    initializeLogger({ pretty: false, level: process.env['LIVEKIT_LOG_LEVEL'] ?? 'silent' });
  }
}

/** Checks the scenario. The pool checks the numbers. */
function checkScenario(scenario: unknown): void {
  const where = 'conformancePool()';
  checkKeys(where, scenario, Object.keys(SCENARIO));
  for (const [key, kind] of Object.entries(SCENARIO))
    if (kind === 'flag') checkBoolean(where, key, scenario[key]);
}
