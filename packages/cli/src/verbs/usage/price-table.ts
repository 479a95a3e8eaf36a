import { readFile } from 'node:fs/promises';

import { type Fields, objectOf } from '../../live/fields.js';
import { UsageError, usageFaults } from '../../usage-error.js';
import type { SeenUsage } from './call-log.js';

type Amount = (usage: SeenUsage) => number;

const atLeast0 = (amount: number): number => Math.max(0, amount);
const millions =
  (count: Amount): Amount =>
  (usage) =>
    atLeast0(count(usage)) / 1_000_000;
const minutes =
  (ms: Amount): Amount =>
  (usage) =>
    ms(usage) / 60_000;

// Every token is in exactly one of them.
const TOKENS: Readonly<Record<string, Amount>> = {
  inputPerMillion: millions(
    (of) =>
      of.inputTokens -
      of.cachedInputTokens -
      of.cacheWriteTokens -
      atLeast0(of.inputAudioTokens - of.cachedInputAudioTokens) -
      atLeast0(of.inputImageTokens - of.cachedInputImageTokens),
  ),
  cachedInputPerMillion: millions(
    (of) => of.cachedInputTokens - of.cachedInputAudioTokens - of.cachedInputImageTokens,
  ),
  cacheWritePerMillion: millions((of) => of.cacheWriteTokens),
  inputAudioPerMillion: millions((of) => of.inputAudioTokens - of.cachedInputAudioTokens),
  cachedInputAudioPerMillion: millions((of) => of.cachedInputAudioTokens),
  inputImagePerMillion: millions((of) => of.inputImageTokens - of.cachedInputImageTokens),
  cachedInputImagePerMillion: millions((of) => of.cachedInputImageTokens),
  outputPerMillion: millions((of) => of.outputTokens - of.outputAudioTokens),
  outputAudioPerMillion: millions((of) => of.outputAudioTokens),
};
const AUDIO = { audioPerMinute: minutes((of) => of.audioDurationMs) };
const CHARACTERS = { charactersPerMillion: millions((of) => of.characters) };
const CONNECTED = { connectedPerMinute: minutes((of) => of.connectedMs) };

/** What has a price, by kind of provider. */
const UNITS: Readonly<Record<string, Readonly<Record<string, Amount>>>> = {
  llm: { ...TOKENS, ...CONNECTED },
  tts: { ...CHARACTERS, ...AUDIO, ...TOKENS },
  stt: { ...AUDIO, ...TOKENS },
};

interface Price {
  readonly kind: string;
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly units: ReadonlyMap<string, number>;
}

/** Prices as the user has written them. What has no price has no cost: nothing is guessed. */
export class PriceTable {
  /** Shown as it is; may be empty. */
  readonly currency: string;
  readonly #sessionPerMinute: number | undefined;
  readonly #prices: readonly Price[];
  readonly #missing = new Set<string>();

  private constructor(
    currency: string,
    sessionPerMinute: number | undefined,
    prices: readonly Price[],
  ) {
    this.currency = currency;
    this.#sessionPerMinute = sessionPerMinute;
    this.#prices = prices;
  }

  /** @throws UsageError that names the file and everything that is wrong in it */
  static async read(path: string): Promise<PriceTable> {
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      const { code = String(error) } = error as NodeJS.ErrnoException;
      throw new UsageError(`${path} cannot be read (${code})`, { cause: error });
    }
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new UsageError(`${path} is not JSON: ${(error as Error).message}`, { cause: error });
    }
    const faults: string[] = [];
    const table = PriceTable.#from(value, faults);
    const error = usageFaults(faults.map((fault) => `${path}: ${fault}`));
    if (error !== undefined) throw error;
    return table;
  }

  static #from(value: unknown, faults: string[]): PriceTable {
    const fields = objectOf(value) ?? {};
    if (objectOf(value) === undefined) faults.push('it must be an object with prices');
    checkKeys('', fields, ['currency', 'sessionPerMinute', 'prices'], faults);
    const { currency = '', sessionPerMinute, prices = [] } = fields;
    if (typeof currency !== 'string' || !/^\w{0,8}$/.test(currency))
      faults.push('currency must be a short word, such as "USD"');
    if (sessionPerMinute !== undefined && !isPrice(sessionPerMinute))
      faults.push(`sessionPerMinute must be a number that is not negative`);
    if (!Array.isArray(prices)) faults.push('prices must be a list');
    const read = (Array.isArray(prices) ? prices : []).flatMap((each, at) =>
      readPrice(each, `prices[${at}]`, faults),
    );
    const named = new Map<string, number>();
    for (const [at, { kind, provider, model }] of read.entries()) {
      const key = JSON.stringify([kind, provider ?? null, model ?? null]);
      const first = named.get(key);
      if (first !== undefined) faults.push(`prices[${at}] is for the same as prices[${first}]`);
      else named.set(key, at);
    }
    return new PriceTable(String(currency), sessionPerMinute as number | undefined, read);
  }

  /** What has been used and has no price, in words. */
  get missing(): readonly string[] {
    return [...this.#missing];
  }

  /** What the time of calls costs; undefined without a price. */
  ofSession(durationMs: number): number | undefined {
    return this.#sessionPerMinute === undefined
      ? undefined
      : (durationMs / 60_000) * this.#sessionPerMinute;
  }

  /** What usage costs; undefined when a part of it has no price. */
  of(usage: SeenUsage): number | undefined {
    if (!Object.hasOwn(UNITS, usage.kind)) {
      this.#missing.add(nameOf(usage));
      return undefined;
    }
    const used = Object.entries(UNITS[usage.kind] ?? {})
      .map(([unit, amount]) => [unit, amount(usage)] as const)
      .filter(([, amount]) => amount > 0);
    if (used.length === 0) return 0;
    const units = this.#priceOf(usage)?.units ?? new Map<string, number>();
    const charged = used.filter(([unit]) => units.has(unit));
    const open = used.filter(([unit]) => !units.has(unit)).map(([unit]) => unit);
    if (charged.length === 0 || open.some((unit) => isNeeded(unit, units))) {
      this.#missing.add(`${nameOf(usage)} (${open.join(', ')})`);
      return undefined;
    }
    return charged.reduce((sum, [unit, amount]) => sum + amount * (units.get(unit) ?? 0), 0);
  }

  /** The price that names most of it. */
  #priceOf(usage: SeenUsage): Price | undefined {
    const rank = ({ provider, model }: Price) =>
      (model === undefined ? 0 : 2) + (provider === undefined ? 0 : 1);
    return this.#prices
      .filter(
        ({ kind, provider = usage.provider, model = usage.model }) =>
          kind === usage.kind && provider === usage.provider && model === usage.model,
      )
      .toSorted((one, other) => rank(other) - rank(one))[0];
  }
}

/**
 * Tokens, characters and audio are different measures of the same work: one of them is charged. Whoever charges tokens
 * charges every kind of them.
 */
function isNeeded(unit: string, units: ReadonlyMap<string, number>): boolean {
  const byTokens = Object.keys(TOKENS).some((each) => units.has(each));
  return Object.hasOwn(TOKENS, unit) && byTokens;
}

function readPrice(value: unknown, where: string, faults: string[]): readonly Price[] {
  const fields = objectOf(value);
  if (fields === undefined) {
    faults.push(`${where} must be an object such as { "kind": "tts", "charactersPerMillion": 15 }`);
    return [];
  }
  const { kind, provider, model, ...units } = fields;
  if (typeof kind !== 'string' || !Object.hasOwn(UNITS, kind)) {
    faults.push(`${where}.kind must be one of ${Object.keys(UNITS).join(', ')}`);
    return [];
  }
  for (const [name, text] of Object.entries({ provider, model }))
    if (text !== undefined && typeof text !== 'string')
      faults.push(
        `${where}.${name} must be a text, or absent: then it is the price of every ${name}`,
      );
  checkKeys(`${where}.`, units, Object.keys(UNITS[kind] ?? {}), faults);
  for (const [unit, price] of Object.entries(units))
    if (!isPrice(price)) faults.push(`${where}.${unit} must be a number that is not negative`);
  if (Object.keys(units).length === 0)
    faults.push(`${where} needs a price: ${Object.keys(UNITS[kind] ?? {}).join(', ')}`);
  return [
    {
      kind,
      provider: provider as string | undefined,
      model: model as string | undefined,
      units: new Map(Object.entries(units) as [string, number][]),
    },
  ];
}

function checkKeys(
  where: string,
  fields: Fields,
  known: readonly string[],
  faults: string[],
): void {
  for (const name of Object.keys(fields))
    if (!known.includes(name)) faults.push(`${where}${name} is not known; use ${known.join(', ')}`);
}

function isPrice(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function nameOf({ kind, provider, model }: SeenUsage): string {
  return [kind, provider, model].filter((each) => each !== '').join(' ');
}
