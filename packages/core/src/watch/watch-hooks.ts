import { voice } from '@livekit/agents';

import { OpenRtcError } from '../base/errors.js';
import { HOOK_MS } from '../call/session-limits.js';
import { watchStream } from './watch-stream.js';

/*
 * When a hook throws, the SDK goes on and reports little or nothing: for a throw in `onEnter` there is no event, no
 * rejection and no log line. So the hooks that an agent overrides are wrapped on the instance. The wrapper reports
 * errors and passes everything on unchanged.
 */

const HOOKS = [
  'onEnter',
  'onExit',
  'onUserTurnCompleted',
  'onUserTurnExceeded',
  'sttNode',
  'llmNode',
  'ttsNode',
  'transcriptionNode',
  'realtimeAudioOutputNode',
] as const;

/** The name of a hook or node that a user may override. */
export type HookName = (typeof HOOKS)[number];

type Hook = (...args: unknown[]) => unknown;

/** Called with the agent, the hook that failed, and its error. */
export type OnHookError = (agent: voice.Agent, hook: HookName, error: unknown) => void;

// Each instance is wrapped once, also when the agent takes over a second time. Errors go to the latest watch.
const watches = new WeakMap<voice.Agent, HookWatch>();

/** Watches the hooks of every agent of one call. */
export class HookWatch {
  readonly #onError: OnHookError;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(onError: OnHookError) {
    this.#onError = onError;
  }

  /** Wraps the hooks that this agent overrides. The SDK's own are left unchanged. */
  watch(agent: voice.Agent): void {
    const known = watches.has(agent);
    watches.set(agent, this);
    if (!known) for (const hook of HOOKS) if (isOwn(agent, hook)) wrap(agent, hook);
  }

  /** Reports that a hook failed, unless the error is how user code stops a turn. */
  failed(agent: voice.Agent, hook: HookName, error: unknown): void {
    if (!isControlFlow(error)) this.#onError(agent, hook, error);
  }

  /**
   * Limits `onUserTurnCompleted` to {@link HOOK_MS} milliseconds. Then it rejects, and the SDK goes on without the
   * hook, as after a throw. The later result of the hook is ignored.
   */
  inTime(work: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        reject(
          new OpenRtcError(
            'SESSION_HOOK_TIMEOUT',
            `onUserTurnCompleted was not done within ${HOOK_MS} ms: the turn goes on without it.`,
          ),
        );
      }, HOOK_MS);
      this.#timers.add(timer);
      const done = () => {
        clearTimeout(timer);
        this.#timers.delete(timer);
      };
      work.finally(done).then(resolve, reject);
    });
  }

  /** Clears the timers. Call it at the end of the call. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

/** An agent of `Agent.create()` overrides every method, also those for which it was given no hook. */
interface HookAdapter {
  readonly hookAdapter?: { readonly hooks?: Partial<Record<string, unknown>> };
}

function isOwn(agent: voice.Agent, hook: HookName): boolean {
  const method: unknown = agent[hook];
  if (typeof method !== 'function' || method === voice.Agent.prototype[hook]) return false;
  const hooks = (agent as unknown as HookAdapter).hookAdapter?.hooks;
  const throughAdapter = hooks !== undefined && hook in hooks;
  return !throughAdapter || typeof hooks[hook] === 'function';
}

function wrap(agent: voice.Agent, hook: HookName): void {
  const original = agent[hook] as Hook;
  const failed = (error: unknown) => watches.get(agent)?.failed(agent, hook, error);
  const rethrow = (error: unknown): never => {
    failed(error);
    throw error;
  };
  const wrapped = function (this: voice.Agent, ...args: unknown[]): unknown {
    try {
      const result = original.apply(this, args);
      if (!isThenable(result)) return watchStream(result, failed);
      const work = Promise.resolve(result);
      const boxed = hook === 'onUserTurnCompleted' ? watches.get(agent)?.inTime(work) : undefined;
      return (boxed ?? work).then((value) => watchStream(value, failed), rethrow);
    } catch (error) {
      return rethrow(error);
    }
  };
  // A frozen agent keeps its own methods.
  Reflect.defineProperty(agent, hook, { value: wrapped, writable: true, configurable: true });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/** True for errors with which user code tells the SDK to stop, or to skip a turn. They are not faults. */
function isControlFlow(error: unknown): boolean {
  try {
    return (
      error instanceof voice.StopResponse ||
      (error instanceof DOMException && error.name === 'AbortError')
    );
  } catch {
    // An error that throws when its class is read is neither of these.
    return false;
  }
}
