import { initializeLogger, voice } from '@livekit/agents';
import { afterEach, beforeAll, beforeEach, vi } from 'vitest';

import { type HookName, HookWatch } from './watch-hooks.js';

/** Every hook that is watched. */
export const hooks: readonly HookName[] = [
  'onEnter',
  'onExit',
  'onUserTurnCompleted',
  'onUserTurnExceeded',
  'sttNode',
  'llmNode',
  'ttsNode',
  'transcriptionNode',
  'realtimeAudioOutputNode',
];

/** A fault that a watch has reported. */
interface ReportedFault {
  readonly agent: voice.Agent;
  readonly hook: HookName;
  readonly error: unknown;
}

/** Watched agents of one test. Call it once in a file: each test gets a new watch. */
export class WatchedAgents {
  /** What was reported so far. */
  reported: ReportedFault[] = [];
  watch = new HookWatch(() => {});

  constructor() {
    beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));
    beforeEach(() => {
      this.reported = [];
      this.watch = new HookWatch(
        (agent, hook, error) => void this.reported.push({ agent, hook, error }),
      );
    });
    afterEach(() => vi.useRealTimers());
  }

  /** A watched agent of its own class, which overrides one method. */
  with(hook: HookName, method: (...args: unknown[]) => unknown): voice.Agent {
    class Own extends voice.Agent {}
    Object.defineProperty(Own.prototype, hook, {
      value: method,
      configurable: true,
      writable: true,
    });
    const agent = new Own({ instructions: '' });
    this.watch.watch(agent);
    return agent;
  }
}

/** Calls a hook as the SDK does. */
export const call = (agent: voice.Agent, hook: HookName, ...args: unknown[]): unknown =>
  (agent[hook] as (...given: unknown[]) => unknown).apply(agent, args);
