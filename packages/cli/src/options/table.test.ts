import { expect, test } from 'vitest';

import { verbNames, verbs } from '../verbs/verb.js';
import type { OptionRow } from './option-row.js';
import { flagOf, optionTable, rowsOf } from './table.js';

const rows: readonly (readonly [string, OptionRow<unknown>])[] = Object.entries(optionTable);

test('every variable belongs to one option and has a prefix', () => {
  const variables = rows.flatMap(([, { env }]) => (env === undefined ? [] : [env]));
  expect(new Set(variables).size).toBe(variables.length);
  for (const variable of variables) expect(variable).toMatch(/^(?:OPENRTC|LIVEKIT)_[A-Z_]+$/);
});

test('every worker option with a value has a variable', () => {
  for (const [name, { takes, verbs, env }] of rows)
    if (takes !== undefined && verbs.includes('start')) expect(env, name).toBeDefined();
});

test('every option has a verb, and every verb with a pool has a path to it', () => {
  for (const [name, { verbs: takers }] of rows) expect(takers, name).not.toEqual([]);
  for (const verb of verbNames) {
    const names = rowsOf(verb).map(([name]) => name);
    expect(names.includes('agentsDir'), verb).toBe(verbs[verb].pool);
  }
});

test('a flag is made from the name', () => {
  expect(flagOf('maxConcurrentSessions')).toBe('--max-concurrent-sessions');
  expect(flagOf('url')).toBe('--url');
});
