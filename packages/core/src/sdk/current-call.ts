import { type JobContext, runWithJobContext } from '@livekit/agents';
import { AsyncLocalStorage } from 'node:async_hooks';

import type { Logger } from '../base/logger.js';
import type { Call } from '../call/call.js';
import type { SessionEnd } from '../call/session-end.js';

/** The call that code runs for. */
export interface CurrentCall extends Call {
  /** The SDK's job context of the call. */
  readonly ctx: JobContext;
  /** Ends the call. */
  readonly end: SessionEnd;
  /** A logger whose lines name the call. */
  readonly logger: Logger;
}

const STORAGE = Symbol.for('@openrtc/core:current-call');
const globals = globalThis as { [STORAGE]?: AsyncLocalStorage<CurrentCall> };

// One for the process: a project may have loaded this package a second time, and its agents must know their call as well.
const storage = (globals[STORAGE] ??= new AsyncLocalStorage<CurrentCall>());

/** Runs `fn` as part of a call: inside it, `getJobContext()` and {@link currentCall} return that call. */
export function runInCall<T>(call: CurrentCall, fn: () => T): T {
  return storage.run(call, () => runWithJobContext(call.ctx, fn));
}

type AsyncContext = <T>(fn: () => T) => T;

const contexts = new WeakMap<CurrentCall, AsyncContext>();

/** Keeps the present async context as the one in which {@link runAsCall} runs code. Call it as part of the call. */
export function keepContext(call: CurrentCall): void {
  contexts.set(call, AsyncLocalStorage.snapshot());
}

/**
 * Runs `fn` as part of a call, whatever code calls this. Code of the call itself keeps its async context. Other code
 * leaves its own behind, all of it: the SDK also keeps there which tool and which speech of a session are running.
 */
export function runAsCall<T>(call: CurrentCall, fn: () => T): T {
  if (currentCall() === call) return fn();
  const context = contexts.get(call);
  return context === undefined ? runInCall(call, fn) : context(fn);
}

/** The call that the current code runs for. Undefined outside of any call; never a guess. */
export function currentCall(): CurrentCall | undefined {
  return storage.getStore();
}
