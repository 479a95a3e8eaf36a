import { llm } from '@livekit/agents';

import { type CurrentCall, currentCall, runInCall } from './current-call.js';
import { runOutsideCalls } from './outside-calls.js';

type Context = llm.ToolsetContext;

/** One activation of a toolset, by an agent or a session. */
interface Activation {
  readonly call: CurrentCall;
  readonly context: Context;
}

/**
 * The call that a toolset belongs to; `none` for one that calls share. Undefined when it cannot be known: until a second
 * call uses it, it may belong to the first.
 */
export type ToolsetOwner = WeakRef<CurrentCall> | 'none' | undefined;

/** Says what to do with a toolset when the last agent has left that it may belong to. */
export interface ToolsetEvents {
  /** Called when a toolset is set up that calls share, or may share: {@link ToolsetUse.end} closes it. */
  readonly onShared: () => void;
  /** Whether one stays open whose owner cannot be known. */
  readonly mayStay: () => boolean;
}

/**
 * The use of one toolset by calls: replaces its `setup()` and `aclose()`. A toolset of one call is set up by its first
 * agent that has it, and closed by the last one. A toolset that calls share is set up once, outside of all calls, and
 * stays open until {@link ToolsetUse.end}.
 */
export class ToolsetUse {
  readonly #toolset: llm.Toolset;
  readonly #setup: llm.Toolset['setup'];
  readonly #aclose: llm.Toolset['aclose'];
  readonly #events: ToolsetEvents;
  // The methods that the object had as properties of its own.
  readonly #replaced = new Map<string, PropertyDescriptor | undefined>();
  #active: Activation[] = [];
  #owner: ToolsetOwner;
  #first: WeakRef<CurrentCall> | undefined;
  #ready: Promise<void> | undefined;
  #closedWithCall = false;

  constructor(toolset: llm.Toolset, owner: ToolsetOwner, events: ToolsetEvents) {
    this.#toolset = toolset;
    this.#setup = toolset.setup.bind(toolset);
    this.#aclose = toolset.aclose.bind(toolset);
    this.#owner = owner;
    this.#events = events;
  }

  /** Replaces the methods. Returns false for a frozen toolset. */
  guard(): boolean {
    const methods = {
      setup: (context: Context) => this.setUp(context),
      aclose: () => this.release(),
    };
    // Own properties, because subclasses override the methods.
    return Object.entries(methods).every(([name, value]) => {
      this.#replaced.set(name, Object.getOwnPropertyDescriptor(this.#toolset, name));
      const descriptor = { value, configurable: true, writable: true };
      return Reflect.defineProperty(this.#toolset, name, descriptor);
    });
  }

  /** Sets the toolset up for the current call, unless it is set up already. */
  async setUp(context: Context): Promise<void> {
    const call = currentCall();
    if (call === undefined) return this.#setup(context);
    this.#usedBy(call);
    this.#active.push({ call, context });
    this.#ready ??= this.#start();
    return this.#ready;
  }

  /** Closes the toolset for the current call: for good when the call owns it and no other agent of the call has it. */
  async release(): Promise<void> {
    const call = currentCall();
    const at = this.#active.findIndex((each) => each.call === call);
    if (at >= 0) this.#active.splice(at, 1);
    if (call !== undefined && this.#isShared(call)) return this.#closeExecutor();
    if (this.#active.length > 0) return;
    if (this.#owner === undefined && this.#first !== undefined && this.#events.mayStay()) return;
    this.#ready = undefined;
    this.#closedWithCall = this.#first !== undefined;
    return this.#aclose();
  }

  /** Ends the use by a call: closes what is still open of a toolset that the call owns. */
  async releaseAll(call: CurrentCall): Promise<void> {
    const left = this.#active.length;
    this.#active = this.#active.filter((each) => each.call !== call);
    if (left > this.#active.length && !this.#isShared(call)) await this.release();
  }

  /** Closes a toolset that calls have shared, and gives it its own methods again. */
  async end(): Promise<void> {
    for (const [name, own] of this.#replaced) {
      Reflect.deleteProperty(this.#toolset, name);
      if (own !== undefined) Reflect.defineProperty(this.#toolset, name, own);
    }
    const ready = this.#ready;
    this.#ready = undefined;
    if (ready !== undefined) await this.#aclose();
  }

  #isShared(call: CurrentCall): boolean {
    if (this.#owner === 'none') return true;
    const owner = this.#owner ?? this.#first;
    return owner !== undefined && owner.deref() !== call;
  }

  #usedBy(call: CurrentCall): void {
    this.#first ??= new WeakRef(call);
    if (this.#owner === 'none' || !this.#isShared(call)) return;
    this.#owner = 'none';
    this.#events.onShared();
    if (!this.#closedWithCall) return;
    call.logger.warn(
      { toolset: this.#toolset.id },
      `the toolset '${this.#toolset.id}' was closed with the call that had used it first, and is set up again for another ` +
        'call: construct it in the agent of each call, or, if calls are to share it, give it to them as session: { tools }',
    );
  }

  #start(): Promise<void> {
    const shared = this.#owner === 'none';
    if (shared || this.#owner === undefined) this.#events.onShared();
    const setUp = async () => this.#setup({ updateTools: (tools) => this.#update(tools) });
    const ready = shared ? runOutsideCalls(setUp) : setUp();
    // The next agent tries again. Whoever waits gets the error.
    ready.catch(() => {
      if (this.#ready === ready) this.#ready = undefined;
    });
    return ready;
  }

  /** Gives the tools to every agent that has the toolset at the moment. */
  #update(tools: Parameters<Context['updateTools']>[0]): void {
    if (this.#active.length === 0) this.#toolset._setTools(tools);
    for (const { call, context } of this.#active) runInCall(call, () => context.updateTools(tools));
  }

  /** What runs the background tools of one call alone ends with it, also if calls share the toolset. */
  async #closeExecutor(): Promise<void> {
    const executor = Object.getOwnPropertyDescriptor(this.#toolset, '_executor');
    if (executor?.get !== undefined && this.#toolset instanceof llm.AsyncToolset)
      await llm.AsyncToolset.prototype.aclose.call(this.#toolset);
  }
}
