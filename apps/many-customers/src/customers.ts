import type { TenantConfig } from '@openrtc/core';
import { ToneTTS } from '@openrtc/core/testing';
import { readFile } from 'node:fs/promises';

import { KeyedLLM } from './keyed-llm.js';

/** What the database has about a customer. */
interface Customer {
  readonly greeting: string;
  readonly agents: readonly string[];
  readonly maxSessions?: number;
}

const database = new URL('../customers.json', import.meta.url);

/** Finds a customer and its key. Null: there is none of that name, and its calls are refused. */
export async function findCustomer(name: string): Promise<TenantConfig | null> {
  const customers = JSON.parse(await readFile(database, 'utf8')) as Record<string, Customer>;
  const customer = Object.hasOwn(customers, name) ? customers[name] : undefined;
  if (customer === undefined) return null;
  // In production from where your secrets are; yours is { llm: () => new openai.LLM({ apiKey }) }.
  const apiKey = process.env[`LLM_KEY_${name.toUpperCase()}`] ?? '';
  return {
    ...customer,
    llm: () => new KeyedLLM(apiKey),
    tts: () => new ToneTTS(),
  };
}
