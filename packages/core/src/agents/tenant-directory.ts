import { isThenable } from '../base/is-thenable.js';
import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { printable } from '../base/printable.js';
import { timeBox } from '../base/time-box.js';
import type { MetadataValues } from '../call/call.js';
import { checkTenantConfig, type TenantConfig } from './tenant-config.js';

/** Returns the configuration of a tenant; null or undefined: there is no such tenant. */
export type TenantResolver<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> = (
  tenant: string,
) =>
  | TenantConfig<Prewarmed, Metadata>
  | null
  | undefined
  | Promise<TenantConfig<Prewarmed, Metadata> | null | undefined>;

/** What is known of a tenant. */
export type FoundTenant =
  | { readonly kind: 'known'; readonly config: TenantConfig }
  | { readonly kind: 'unknown' }
  /** The resolver threw, gave no valid configuration, or took too long. */
  | { readonly kind: 'failed'; readonly message: string; readonly cause?: unknown };

/** Options of {@link TenantDirectory}. All times are in milliseconds. */
export interface TenantDirectoryOptions {
  readonly resolve: TenantResolver;
  /** How long a resolver may take. */
  readonly timeoutMs: number;
  /** How long a configuration is used before it is resolved again. */
  readonly ttlMs: number;
  /** How long it is remembered that there is no such tenant. */
  readonly missTtlMs: number;
  /** The most tenants that are remembered. */
  readonly maxEntries: number;
  /** The configuration of a tenant that there is not. Undefined: it is unknown. */
  readonly unknown: TenantConfig | undefined;
  /** Whether an agent is registered, for a warning. Default: each is. */
  readonly isAgent?: (name: string) => boolean;
  readonly logger: Logger;
}

interface Entry {
  readonly found: Exclude<FoundTenant, { kind: 'failed' }>;
  readonly until: number;
}

// Metadata of callers may name any tenant, and a resolver may never answer.
const MOST_QUESTIONS = 1_000;
// An answer that takes longer does not come any more.
const FORGOTTEN_MS = 30_000;

/** The tenants of a process, resolved on demand and remembered for a while. */
export class TenantDirectory {
  readonly #options: TenantDirectoryOptions;
  /** The one that was used last is the last. */
  readonly #entries = new Map<string, Entry>();
  readonly #asked = new Map<string, Promise<FoundTenant>>();
  /** Questions that have no answer yet, those that nobody waits for any more included. */
  #open = 0;
  #epoch = 0;

  constructor(options: TenantDirectoryOptions) {
    this.#options = options;
  }

  /** The number of tenants that are remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /** What is known at this moment, without asking anybody. */
  peek(tenant: string): TenantConfig | undefined {
    const found = this.#entries.get(tenant)?.found;
    return found?.kind === 'known' ? found.config : undefined;
  }

  /** Finds a tenant. Returns a promise only when the resolver does. Never throws and never rejects. */
  find(tenant: string): FoundTenant | Promise<FoundTenant> {
    const known = this.#entries.get(tenant);
    if (known !== undefined && known.until > performance.now()) {
      this.#entries.delete(tenant);
      this.#entries.set(tenant, known);
      return known.found;
    }
    return this.#asked.get(tenant) ?? this.#ask(tenant);
  }

  /** How often something was forgotten. */
  get epoch(): number {
    return this.#epoch;
  }

  /** In a process for calls: forgets everything when its worker has forgotten something since. */
  follow(epoch: number): void {
    if (epoch <= this.#epoch) return;
    this.invalidate();
    this.#epoch = epoch;
  }

  /** Forgets a tenant, or all: the next call asks the resolver. An answer that is under way is not used later. */
  invalidate(tenant?: string): void {
    this.#epoch += 1;
    if (tenant === undefined) {
      this.#entries.clear();
      this.#asked.clear();
    } else {
      this.#entries.delete(tenant);
      this.#asked.delete(tenant);
    }
  }

  #ask(tenant: string): FoundTenant | Promise<FoundTenant> {
    if (this.#open >= MOST_QUESTIONS)
      return this.#failed(tenant, `${MOST_QUESTIONS} other tenants are being resolved`);
    const { resolve, timeoutMs } = this.#options;
    let answer: unknown;
    try {
      answer = resolve(tenant);
      if (!isThenable(answer)) return this.#note(tenant, this.#judge(tenant, answer), this.#epoch);
    } catch (error) {
      return this.#threw(tenant, error);
    }
    const late = this.#later(tenant, answer);
    const waiting = timeBox(timeoutMs, () => late).then((boxed) => {
      if (this.#asked.get(tenant) === waiting) this.#asked.delete(tenant);
      return boxed.kind === 'done'
        ? boxed.value
        : this.#failed(tenant, `did not answer within ${timeoutMs} ms`);
    });
    this.#asked.set(tenant, waiting);
    return waiting;
  }

  /** An answer that comes too late for this call is there for the next one. Never rejects. */
  async #later(tenant: string, answer: PromiseLike<unknown>): Promise<FoundTenant> {
    const epoch = this.#epoch;
    this.#open += 1;
    const boxed = await timeBox(FORGOTTEN_MS, () => answer);
    this.#open -= 1;
    switch (boxed.kind) {
      case 'done':
        return this.#note(tenant, this.#judge(tenant, boxed.value), epoch);
      case 'failed':
        return this.#threw(tenant, boxed.error);
      case 'timeout':
        return this.#failed(tenant, `did not answer within ${FORGOTTEN_MS} ms`);
    }
  }

  #judge(tenant: string, answer: unknown): FoundTenant {
    const { unknown } = this.#options;
    if (answer === null || answer === undefined)
      return unknown === undefined ? { kind: 'unknown' } : { kind: 'known', config: unknown };
    try {
      return { kind: 'known', config: checkTenantConfig(tenant, answer) };
    } catch (cause) {
      return { kind: 'failed', message: messageOf(cause), cause };
    }
  }

  #note(tenant: string, found: FoundTenant, epoch: number): FoundTenant {
    if (found.kind === 'failed') return this.#failed(tenant, found.message, found.cause);
    if (found.kind === 'known') this.#checkAgents(tenant, found.config);
    const { ttlMs, missTtlMs, maxEntries, unknown } = this.#options;
    // What was asked before an invalidation may be old.
    if (epoch !== this.#epoch) return found;
    const ttl = found.kind === 'known' && found.config !== unknown ? ttlMs : missTtlMs;
    this.#entries.delete(tenant);
    this.#entries.set(tenant, { found, until: performance.now() + ttl });
    if (this.#entries.size > maxEntries) {
      const [oldest] = this.#entries.keys();
      this.#entries.delete(oldest ?? '');
    }
    return found;
  }

  /** Not an error: the agent may be registered later, and the others of the tenant can be called. */
  #checkAgents(tenant: string, { agents = [] }: TenantConfig): void {
    const { isAgent, logger } = this.#options;
    const missing = agents
      .filter((name) => isAgent?.(name) === false)
      .map((name) => printable(name));
    if (missing.length === 0) return;
    logger.warn(
      { tenant, agents: missing },
      `tenant "${tenant}" may call agents that are not registered: ${missing.join(', ')} (tenants: agents)`,
    );
  }

  #threw(tenant: string, error: unknown): FoundTenant {
    return this.#failed(tenant, `threw: ${printable(messageOf(error), 200)}`, error);
  }

  /** A resolver that fails does not cut off a tenant whose configuration is known. */
  #failed(tenant: string, what: string, cause?: unknown): FoundTenant {
    const known = this.#entries.get(tenant);
    if (known?.found.kind === 'known') {
      this.#options.logger.warn(
        { tenant, error: cause },
        `tenants.resolve: ${what}; the configuration of before is used`,
      );
      return known.found;
    }
    const error = cause === undefined ? {} : { cause };
    return { kind: 'failed', message: `tenants.resolve: ${what}`, ...error };
  }
}
