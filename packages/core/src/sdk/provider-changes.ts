import type { Logger } from '../base/logger.js';

type Method = (...args: unknown[]) => unknown;

/** Methods with which a session of the SDK changes a provider. All others create a stream of their own. */
const CHANGES: Readonly<
  Record<string, { changes: (value: unknown) => boolean; reset?: readonly unknown[] }>
> = {
  // Biases recognition towards the words of one conversation.
  _updateSessionKeyterms: {
    changes: (keyterms) => Array.isArray(keyterms) && keyterms.length > 0,
    reset: [[]],
  },
  // Passes the conversation to the speech-to-text, where it would influence the next call.
  _pushConversationItem: { changes: () => true },
  // Changes how text is split before it is spoken.
  _setExpressive: { changes: (enabled) => enabled === true, reset: [false] },
};

/**
 * Guards the methods with which sessions change a provider object: allows changes while only one call uses the object,
 * and blocks them afterwards.
 */
export class ProviderChanges {
  readonly #provider: object;
  readonly #logger: () => Logger;
  readonly #applied = new Map<string, Method>();
  #blocked = false;
  #warned = false;

  constructor(provider: object, logger: () => Logger) {
    this.#provider = provider;
    this.#logger = logger;
    for (const name of Object.keys(CHANGES)) this.#guard(name);
  }

  /** Whether changes are blocked. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** Blocks changes from now on, and resets those that can be reset. */
  block(): void {
    if (this.#blocked) return;
    this.#blocked = true;
    for (const [name, method] of this.#applied) {
      const reset = CHANGES[name]?.reset;
      if (reset !== undefined) Reflect.apply(method, this.#provider, reset);
      this.#warn();
    }
    this.#applied.clear();
  }

  #guard(name: string): void {
    const method: unknown = Reflect.get(this.#provider, name);
    if (typeof method !== 'function') return;
    // An own property, because subclasses override the method. A frozen object is left unchanged.
    Reflect.defineProperty(this.#provider, name, {
      configurable: true,
      writable: true,
      value: (...args: unknown[]) => this.#change(name, method as Method, args),
    });
  }

  #change(name: string, method: Method, args: unknown[]): unknown {
    const changes = CHANGES[name]?.changes(args[0]) ?? true;
    if (!this.#blocked) {
      if (changes) this.#applied.set(name, method);
      return Reflect.apply(method, this.#provider, args);
    }
    if (changes) this.#warn();
    return undefined;
  }

  #warn(): void {
    if (this.#warned) return;
    this.#warned = true;
    const name = this.#provider.constructor.name;
    this.#logger().warn(
      { provider: name },
      `one ${name} object is used by several calls, so key terms, conversation and expressive mode are not set on it; to use them, give each call its own with a factory: () => new ${name}(…)`,
    );
  }
}
