import { type APIConnectOptions, llm, stt, voice } from '@livekit/agents';

import { messageOf } from '../base/errors.js';
import { isThenable } from '../base/is-thenable.js';
import { kindOf } from '../base/kind-of.js';
import { currentCall } from './current-call.js';
import { type Method, replaceMethods } from './replace-method.js';
import type { ProcessPatch } from './sdk-patch.js';

/*
 * A plugin may throw where it is asked for a stream, or return something else, as an async method does. The SDK has no
 * event for that: the agent is deaf, or the turn stays open. So the SDK gets a stream that fails with that error, and
 * deals with it as with a stream that fails later. Only the SDK: code of a user that asks gets the error itself.
 */

/** Turns an STT or LLM that gives no stream into one whose stream fails. */
export const refusedStreamsPatch: ProcessPatch = {
  scope: 'process',
  name: 'refused-streams',
  why: 'An STT or LLM that throws when it is asked for a stream is not reported, and the call waits for nothing.',
  versions: '@livekit/agents 1.9',
  apply: (logger) =>
    replaceMethods(logger, 'an STT or LLM that gives no stream may fail unseen', [
      { owner: voice.Agent.default, name: 'sttNode', replace: asking('stt') },
      { owner: voice.Agent.default, name: 'llmNode', replace: asking('llm') },
      { owner: stt.FallbackAdapter.prototype, name: 'stream', replace: guardingChildren },
      { owner: llm.FallbackAdapter.prototype, name: 'chat', replace: guardingChildren },
    ]),
};

type Provider = stt.STT | llm.LLM;

/** What is not public. */
interface ActiveAgent {
  readonly _agentActivity?: Partial<Record<'stt' | 'llm', unknown>>;
}

interface Adapter {
  readonly sttInstances?: readonly Provider[];
  readonly llms?: readonly Provider[];
}

function asking(kind: 'stt' | 'llm') {
  return (original: Method) =>
    function (this: unknown, agent: ActiveAgent, ...rest: unknown[]): unknown {
      const node = () => Reflect.apply(original, this, [agent, ...rest]);
      const provider = agent._agentActivity?.[kind];
      if (currentCall() === undefined || !isProvider(provider)) return node();
      // The node asks before it waits for anything: no other code sees the guard.
      const remove = guard(provider, true);
      try {
        return node();
      } finally {
        remove();
      }
    };
}

// An adapter asks its providers at any time, so these keep the guard. It does nothing outside of calls.
const guarded = new WeakSet<Provider>();

function guardingChildren(original: Method) {
  return function (this: Adapter, ...args: unknown[]): unknown {
    for (const child of this.sttInstances ?? this.llms ?? [])
      if (isProvider(child) && !guarded.has(child)) {
        guarded.add(child);
        guard(child, false);
      }
    return Reflect.apply(original, this, args);
  };
}

function isProvider(value: unknown): value is Provider {
  return value instanceof stt.STT || value instanceof llm.LLM;
}

/**
 * Guards the method of this provider that gives streams. A frozen provider stays as it is.
 * @param once - whether only the first call is guarded
 * @returns removes the guard
 */
function guard(provider: Provider, once: boolean): () => void {
  const name = provider instanceof stt.STT ? 'stream' : 'chat';
  const field = Object.getOwnPropertyDescriptor(provider, name);
  const original: unknown = Reflect.get(provider, name);
  if (typeof original !== 'function') return () => {};
  const value = function (this: Provider, ...args: unknown[]): unknown {
    if (once) remove();
    const ask = () => Reflect.apply(original, this, args) as unknown;
    return currentCall() === undefined ? ask() : streamOf(this, name, ask, args);
  };
  const remove = () => {
    if (Object.getOwnPropertyDescriptor(provider, name)?.value !== value) return;
    if (field === undefined) Reflect.deleteProperty(provider, name);
    else Reflect.defineProperty(provider, name, field);
  };
  Reflect.defineProperty(provider, name, { value, configurable: true, writable: true });
  return remove;
}

/** What the provider gives, or a stream that fails. */
function streamOf(
  provider: Provider,
  name: string,
  ask: () => unknown,
  args: readonly unknown[],
): unknown {
  let given: unknown;
  try {
    given = ask();
  } catch (error) {
    // The SDK loses what is no error.
    const reason: unknown = error instanceof Error ? error : new Error(messageOf(error));
    return failing(provider, args, () => Promise.reject(reason));
  }
  if (isStream(given)) return given;
  const later = isThenable(given) ? Promise.resolve(given) : undefined;
  const what = later === undefined ? kindOf(given) : 'a promise';
  // It may fail before the stream begins, which reports it.
  later?.catch(() => {});
  return failing(provider, args, async () => {
    // What an async method fails with says more.
    closeStream(await later);
    throw new TypeError(
      `${name}() returned ${what}, which is no stream: it must return the stream itself.`,
    );
  });
}

function failing(
  provider: Provider,
  [options]: readonly unknown[],
  fail: () => Promise<never>,
): unknown {
  if (provider instanceof stt.STT) return new RefusedSpeech(provider, fail);
  return new RefusedChat(provider, options as ChatOptions, fail);
}

/** Nothing is asked again, so nothing is tried again. */
const once: APIConnectOptions = { maxRetry: 0, retryIntervalMs: 0, timeoutMs: 1_000 };

type ChatOptions = Parameters<llm.LLM['chat']>[0];

class RefusedSpeech extends stt.SpeechStream {
  readonly label = 'openrtc.RefusedSpeech';
  readonly #fail: () => Promise<never>;

  constructor(provider: stt.STT, fail: () => Promise<never>) {
    super(provider, undefined, once);
    this.#fail = fail;
  }

  protected override run(): Promise<void> {
    return this.#fail();
  }
}

class RefusedChat extends llm.LLMStream {
  readonly #fail: () => Promise<never>;

  constructor(model: llm.LLM, { chatCtx, toolCtx }: ChatOptions, fail: () => Promise<never>) {
    super(model, {
      chatCtx,
      ...(toolCtx === undefined ? {} : { toolCtx }),
      connOptions: once,
    });
    this.#fail = fail;
  }

  protected override run(): Promise<void> {
    return this.#fail();
  }
}

interface Closable {
  close(): void;
}

function isStream(value: unknown): value is Closable {
  return (
    typeof value === 'object' &&
    value !== null &&
    Symbol.asyncIterator in value &&
    'close' in value &&
    typeof value.close === 'function'
  );
}

function closeStream(value: unknown): void {
  if (isStream(value)) value.close();
}
