import { expect, test } from 'vitest';

import { blockOf, isLoopBlock, placeText } from './loop-block.js';

const facts = { startedAt: 1, durationMs: 600, cause: 'code' } as const;
const at = (name: string, file: string) => ({ function: name, file, line: 12 });

test('the culprit is the innermost place that is neither of Node nor of a package', () => {
  const block = blockOf(facts, [
    at('parse', 'node:internal/json'),
    at('deep', 'file:///app/node_modules/lib/index.js'),
    at('myTool', 'file:///app/agents/tools.js'),
    at('run', 'file:///app/main.js'),
  ]);
  expect(block.culprit).toEqual(at('myTool', 'file:///app/agents/tools.js'));
  expect(block.stack).toHaveLength(4);
});

test('where there is only a package, it is the package', () => {
  const place = at('deep', 'file:///app/node_modules/lib/index.js');
  expect(blockOf(facts, [at('emit', 'node:events'), place]).culprit).toEqual(place);
  expect(blockOf(facts, [at('emit', 'node:events')])).not.toHaveProperty('culprit');
});

test('a stack without end is cut to what another process may say', () => {
  const block = blockOf(
    facts,
    Array.from({ length: 500 }, () => at('x'.repeat(5_000), 'y')),
  );
  expect(isLoopBlock(block)).toBe(true);
});

test.each<[unknown]>([
  [null],
  [{ ...facts, stack: {} }],
  [{ ...facts, cause: 'weather', stack: [] }],
  [{ ...facts, durationMs: Number.NaN, stack: [] }],
  [{ ...facts, stack: [{ function: 'x', file: 'y', line: 'z' }] }],
  [{ ...facts, stack: [], culprit: 'me' }],
])('%j is no block', (value) => {
  expect(isLoopBlock(value)).toBe(false);
});

test('a place in few words', () => {
  expect(placeText(at('myTool', 'file:///app/agents/tools.js'))).toBe('myTool (tools.js:12)');
  expect(placeText(at('', 'C:\\app\\main.js'))).toBe('(anonymous) (main.js:12)');
});
