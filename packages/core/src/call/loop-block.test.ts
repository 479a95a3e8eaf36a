import { expect, test } from 'vitest';

import { blockOf, isLoopBlock, placeText } from './loop-block.js';

const facts = { startedAt: 1, durationMs: 600, cause: 'code' } as const;
const at = (name: string, file: string) => ({ function: name, file, line: 12 });

test('the culprit is the innermost frame outside of Node and of node_modules', () => {
  const block = blockOf(facts, [
    at('parse', 'node:internal/json'),
    at('deep', 'file:///app/node_modules/lib/index.js'),
    at('myTool', 'file:///app/agents/tools.js'),
    at('run', 'file:///app/main.js'),
  ]);
  expect(block.culprit).toEqual(at('myTool', 'file:///app/agents/tools.js'));
  expect(block.stack).toHaveLength(4);
});

test('in a stack of packages alone, the culprit is the innermost package', () => {
  const place = at('deep', 'file:///app/node_modules/lib/index.js');
  expect(blockOf(facts, [at('emit', 'node:events'), place]).culprit).toEqual(place);
  expect(blockOf(facts, [at('emit', 'node:events')])).not.toHaveProperty('culprit');
});

test('a very long stack is cut to what another process may report', () => {
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
])('%j is not a block', (value) => {
  expect(isLoopBlock(value)).toBe(false);
});

test('a place as a short text', () => {
  expect(placeText(at('myTool', 'file:///app/agents/tools.js'))).toBe('myTool (tools.js:12)');
  expect(placeText(at('', 'C:\\app\\main.js'))).toBe('(anonymous) (main.js:12)');
});
