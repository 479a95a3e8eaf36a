import type { ProviderError, ProviderErrorCount } from '../call/provider-error.js';
import type { SessionFaults } from '../call/session-faults.js';

// A plugin may give each error another label or code.
const MAX_PROVIDERS = 16;

/** Counts failures that did not end their call, for one call or for all calls. */
export class FaultCounts implements SessionFaults {
  /** Hooks and nodes that failed. */
  hookErrors = 0;
  /** Tools that failed. */
  toolErrors = 0;
  /** Errors of providers. */
  providerErrors = 0;
  readonly #providers: {
    -readonly [Name in keyof ProviderErrorCount]: ProviderErrorCount[Name];
  }[] = [];

  /** Errors of providers by kind, label, code, and whether the SDK tried again. */
  get providers(): readonly ProviderErrorCount[] {
    return this.#providers.map((each) => ({ ...each }));
  }

  /** Counts one failure. */
  add(fault: 'hook' | 'tool'): void {
    if (fault === 'hook') this.hookErrors += 1;
    else this.toolErrors += 1;
  }

  /** Counts one error of a provider. */
  addProviderError({ kind, label, code, recoverable }: ProviderError): void {
    this.providerErrors += 1;
    const same = this.#providers.find(
      (each) =>
        each.kind === kind &&
        each.label === label &&
        each.code === code &&
        each.recoverable === recoverable,
    );
    if (same !== undefined) same.count += 1;
    else if (this.#providers.length < MAX_PROVIDERS)
      this.#providers.push({ kind, label, code, recoverable, count: 1 });
  }

  /** The current counts, as plain data. */
  snapshot(): SessionFaults {
    const { hookErrors, toolErrors, providerErrors, providers } = this;
    return { hookErrors, toolErrors, providerErrors, providers };
  }
}
