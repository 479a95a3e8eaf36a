import { type UsageFigure, usageFigures } from '@openrtc/core/operate';

import type { SeenCall, SeenUsage } from './call-log.js';
import { type Dimension, dayOf } from './dimensions.js';
import type { PriceTable } from './price-table.js';

/** A use of providers with its cost; null when it is not known. */
export interface CostedUsage extends SeenUsage {
  readonly cost: number | null;
}

/** The calls that belong together. */
export interface UsageGroup {
  /** Their tenant, agent and day, as far as asked for. */
  readonly of: Readonly<Partial<Record<Exclude<Dimension, 'model'>, string>>>;
  readonly calls: number;
  /** Those of them whose end is in no file. */
  readonly unfinishedCalls: number;
  /** Those of them whose use of providers is in no file. */
  readonly callsWithoutUsage: number;
  readonly durationMs: number;
  /** What their time costs; null without a price for it. */
  readonly sessionCost: number | null;
  /** What they cost together; null when a part is not known. */
  readonly cost: number | null;
  readonly providers: readonly CostedUsage[];
}

/** There are more groups than fit into memory. */
export class TooManyGroups extends Error {
  override readonly name = 'TooManyGroups';
}

/** Groups, and the models in them. */
export const MAX_ENTRIES = 500_000;

interface Sums {
  readonly of: UsageGroup['of'];
  calls: number;
  unfinishedCalls: number;
  callsWithoutUsage: number;
  durationMs: number;
  readonly models: Map<string, SeenUsage>;
}

/** Adds up calls. */
export class UsageTable {
  readonly #by: readonly Exclude<Dimension, 'model'>[];
  readonly #maxEntries: number;
  readonly #groups = new Map<string, Sums>();
  #entries = 0;

  /** @param maxEntries - how many groups and models there may be */
  constructor(by: readonly Dimension[], maxEntries = MAX_ENTRIES) {
    this.#by = by.filter((each) => each !== 'model');
    this.#maxEntries = maxEntries;
  }

  /** @throws TooManyGroups */
  add(call: SeenCall): void {
    const sums = this.#sumsOf(call);
    sums.calls += 1;
    sums.durationMs += call.durationMs;
    if (!call.ended) sums.unfinishedCalls += 1;
    if (call.usage === undefined) sums.callsWithoutUsage += 1;
    for (const usage of call.usage ?? []) {
      const key = JSON.stringify([usage.kind, usage.provider, usage.model]);
      const before = sums.models.get(key);
      if (before === undefined) this.#grow();
      sums.models.set(key, before === undefined ? usage : sumOf(before, usage));
    }
  }

  /** The groups, sorted by their names. */
  groups(prices: PriceTable | undefined): readonly UsageGroup[] {
    return [...this.#groups.values()]
      .map((sums) => groupOf(sums, prices))
      .toSorted((one, other) => compare(this.#keyOf(one.of), this.#keyOf(other.of)));
  }

  #sumsOf(call: SeenCall): Sums {
    const values = { tenant: call.tenant, agent: call.agent, day: dayOf(call.at) };
    const of = Object.fromEntries(this.#by.map((each) => [each, values[each]])) as Sums['of'];
    const key = JSON.stringify(this.#keyOf(of));
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    this.#grow();
    const none = { calls: 0, unfinishedCalls: 0, callsWithoutUsage: 0, durationMs: 0 };
    const sums = { of, ...none, models: new Map<string, SeenUsage>() };
    this.#groups.set(key, sums);
    return sums;
  }

  #keyOf(of: UsageGroup['of']): readonly string[] {
    return this.#by.map((each) => of[each] ?? '');
  }

  #grow(): void {
    this.#entries += 1;
    if (this.#entries > this.#maxEntries) throw new TooManyGroups();
  }
}

function groupOf({ models, ...sums }: Sums, prices: PriceTable | undefined): UsageGroup {
  const providers = [...models.values()]
    .toSorted((one, other) => compare(nameOf(one), nameOf(other)))
    .map((usage): CostedUsage => ({ ...usage, cost: prices?.of(usage) ?? null }));
  const sessionCost = prices?.ofSession(sums.durationMs) ?? null;
  const known = prices !== undefined && sums.callsWithoutUsage === 0;
  const cost = providers.reduce<number | null>(
    (sum, each) => (sum === null || each.cost === null ? null : sum + each.cost),
    known ? (sessionCost ?? 0) : null,
  );
  return { ...sums, sessionCost, cost, providers };
}

function sumOf(one: SeenUsage, more: SeenUsage): SeenUsage {
  const figures = usageFigures.map((figure) => [figure, one[figure] + more[figure]] as const);
  return { ...one, ...(Object.fromEntries(figures) as Record<UsageFigure, number>) };
}

function nameOf({ kind, provider, model }: SeenUsage): readonly string[] {
  return [kind, provider, model];
}

/** By code units, so that the order is the same on every machine. */
function compare(one: readonly string[], other: readonly string[]): number {
  for (const [at, text] of one.entries()) {
    const than = other[at] ?? '';
    if (text !== than) return text < than ? -1 : 1;
  }
  return 0;
}
