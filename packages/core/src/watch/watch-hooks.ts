import { voice } from '@livekit/agents';
import { Readable } from 'node:stream';

import { isThenable } from '../base/is-thenable.js';
import { OpenRtcError } from '../base/errors.js';
import { HOOK_MS } from '../call/session-limits.js';
import type { CodeTrial } from './code-trial.js';
import { wrongResult } from './node-results.js';
import { isStream, retryStream } from './retry-stream.js';
import { watchStream } from './watch-stream.js';

/*
 * When a hook throws, the SDK goes on and reports little or nothing: for a throw in `onEnter` there is no event, no
 * rejection and no log line. So the hooks that an agent overrides are wrapped on the instance. The wrapper reports
 * errors, also a result that the SDK cannot read, and passes everything else on unchanged.
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
// What the wrappers hide: functions in fields. Undefined: the method of the class.
const hidden = new WeakMap<voice.Agent, Map<HookName, PropertyDescriptor | undefined>>();
const trials = new WeakMap<voice.Agent, CodeTrial>();

/** Watches the hooks of every agent of one call. */
export class HookWatch {
  /** Every agent that was watched so far, the first one first. */
  readonly agents = new Set<voice.Agent>();
  readonly #onError: OnHookError;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(onError: OnHookError) {
    this.#onError = onError;
  }

  /** Wraps the hooks that this agent overrides. The SDK's own are left unchanged. */
  watch(agent: voice.Agent): void {
    const known = watches.has(agent);
    watches.set(agent, this);
    this.agents.add(agent);
    if (!known) wrapAll(agent);
  }

  /**
   * Gives an agent other code, and wraps the hooks that it has then.
   * @param change - finds the agent without wrappers
   * @param trial - of the new code
   */
  rewrap<Result>(agent: voice.Agent, change: () => Result, trial: CodeTrial | undefined): Result {
    unwrapAll(agent);
    try {
      const result = change();
      trials.get(agent)?.end();
      if (trial === undefined) trials.delete(agent);
      else trials.set(agent, trial);
      return result;
    } finally {
      wrapAll(agent);
    }
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

function wrapAll(agent: voice.Agent): void {
  const own = new Map<HookName, PropertyDescriptor | undefined>();
  hidden.set(agent, own);
  for (const hook of HOOKS)
    if (isOwn(agent, hook)) {
      const field = Object.getOwnPropertyDescriptor(agent, hook);
      if (wrap(agent, hook)) own.set(hook, field);
    }
}

function unwrapAll(agent: voice.Agent): void {
  for (const [hook, field] of hidden.get(agent) ?? [])
    if (field === undefined) Reflect.deleteProperty(agent, hook);
    else Object.defineProperty(agent, hook, field);
  hidden.delete(agent);
}

/** Whether it could be wrapped: a frozen agent keeps its own methods. */
function wrap(agent: voice.Agent, hook: HookName): boolean {
  const original = agent[hook] as Hook;
  const failed = (error: unknown) => watches.get(agent)?.failed(agent, hook, error);
  const rethrow = (error: unknown): never => {
    failed(error);
    throw error;
  };
  const wrapped = function (this: voice.Agent, ...args: unknown[]): unknown {
    const trial = trials.get(agent);
    const first = trial?.isFirst(hook) === true ? trial : undefined;
    /** The answer of the old code, if it can give one; undefined: the error is passed on. */
    const again = (error: unknown, nothingYet = true): Promise<unknown> | undefined => {
      if (isControlFlow(error) || first?.failed(hook, error) !== true) return undefined;
      if (!nothingYet || args.some(isRead)) return undefined;
      return Promise.resolve((agent[hook] as Hook).apply(this, args));
    };
    const retry = (error: unknown): unknown => again(error) ?? rethrow(error);
    const finish = (value: unknown): unknown => {
      const wrong = wrongResult(agent, hook, value);
      if (wrong !== undefined) return retry(wrong);
      if (first !== undefined && isStream(value))
        return watchStream(
          retryStream(value, again, () => first.passed(hook)),
          failed,
        );
      first?.passed(hook);
      return watchStream(value, failed);
    };
    let result: unknown;
    try {
      result = original.apply(this, args);
      if (isThenable(result)) {
        const work = Promise.resolve(result);
        const boxed = hook === 'onUserTurnCompleted' ? watches.get(agent)?.inTime(work) : undefined;
        return (boxed ?? work).then(finish, retry);
      }
    } catch (error) {
      return retry(error);
    }
    return finish(result);
  };
  return Reflect.defineProperty(agent, hook, {
    value: wrapped,
    writable: true,
    configurable: true,
  });
}

/** Whether it is a stream of which something was read already: nobody can read it a second time. */
function isRead(value: unknown): boolean {
  return value instanceof ReadableStream && (value.locked || Readable.isDisturbed(value as never));
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
