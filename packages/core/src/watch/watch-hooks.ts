import { voice } from '@livekit/agents';

import { OpenRtcError } from '../base/errors.js';
import { HOOK_MS } from '../call/session-limits.js';
import { watchStream } from './watch-stream.js';

/*
 * The SDK survives what a hook throws and says little or nothing about it: of a throw in `onEnter` there is
 * no event, no rejection and no log line. So the hooks an agent brings get a wrapper on the instance that
 * tells, and passes everything on as it was.
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

/** A hook or node a user may write. */
export type HookName = (typeof HOOKS)[number];

type Hook = (...args: unknown[]) => unknown;

/** Told which hook of which agent failed, and with what. */
export type OnHookError = (agent: voice.Agent, hook: HookName, error: unknown) => void;

// One wrapper an instance, also when the agent takes over a second time; it tells the last that asked.
const watching = new WeakMap<voice.Agent, HookWatch>();

/** Watches the hooks of every agent of one call. */
export class HookWatch {
  readonly #onError: OnHookError;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(onError: OnHookError) {
    this.#onError = onError;
  }

  /** Wraps the hooks this agent brings. Those it has from the SDK are left as they are. */
  watch(agent: voice.Agent): void {
    const known = watching.has(agent);
    watching.set(agent, this);
    if (!known) for (const hook of HOOKS) if (isOwn(agent, hook)) wrap(agent, hook);
  }

  failed(agent: voice.Agent, hook: HookName, error: unknown): void {
    if (!isControlFlow(error)) this.#onError(agent, hook, error);
  }

  /**
   * Gives the caller's turn up to {@link HOOK_MS} to be prepared; then the SDK goes on without, as it does
   * after a throw. How the hook ends after that changes nothing.
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

  /** The call is over: no time box is left running. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

/** What `Agent.create()` makes overrides every method, whether its hooks do or not. */
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
  const failed = (error: unknown) => watching.get(agent)?.failed(agent, hook, error);
  const rethrow = (error: unknown): never => {
    failed(error);
    throw error;
  };
  const wrapped = function (this: voice.Agent, ...args: unknown[]): unknown {
    try {
      const result = original.apply(this, args);
      if (!isThenable(result)) return watchStream(result, failed);
      const work = Promise.resolve(result);
      const boxed = hook === 'onUserTurnCompleted' ? watching.get(agent)?.inTime(work) : undefined;
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

/** How user code tells the SDK to leave a turn or to stop: no fault. */
function isControlFlow(error: unknown): boolean {
  try {
    return (
      error instanceof voice.StopResponse ||
      (error instanceof DOMException && error.name === 'AbortError')
    );
  } catch {
    // Not even its class can be asked: it is none of these.
    return false;
  }
}
