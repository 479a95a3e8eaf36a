import { expect, test } from 'vitest';

import { verbNames, verbs } from '../verbs/verb.js';
import type { OptionRow } from './option-row.js';
import { flagOf, optionTable, rowsOf } from './table.js';

const rows: readonly (readonly [string, OptionRow<unknown>])[] = Object.entries(optionTable);

test('every variable belongs to one option, and says whose it is', () => {
  const variables = rows.flatMap(([, { env }]) => (env === undefined ? [] : [env]));
  expect(new Set(variables).size).toBe(variables.length);
  for (const variable of variables) expect(variable).toMatch(/^(?:OPENRTC|LIVEKIT)_[A-Z_]+$/);
});

test('what takes a value and is for workers has a variable', () => {
  for (const [name, { takes, verbs, env }] of rows)
    if (takes !== undefined && verbs.includes('start')) expect(env, name).toBeDefined();
});

test('every option is for some verb, and every verb that takes a pool takes a path to it', () => {
  for (const [name, { verbs: takers }] of rows) expect(takers, name).not.toEqual([]);
  for (const verb of verbNames) {
    const names = rowsOf(verb).map(([name]) => name);
    expect(names.includes('agentsDir'), verb).toBe(verbs[verb].pool);
  }
});

test('a flag is made of the name', () => {
  expect(flagOf('maxConcurrentSessions')).toBe('--max-concurrent-sessions');
  expect(flagOf('url')).toBe('--url');
});
