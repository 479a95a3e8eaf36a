import { expect, test } from 'vitest';

import { LineSplitter } from './line-splitter.js';

function split(chunks: readonly string[], lines = new LineSplitter()) {
  const taken: string[] = [];
  for (const chunk of chunks) lines.push(Buffer.from(chunk, 'latin1'), (line) => taken.push(line));
  return { taken, rest: lines.rest(), tooLong: lines.tooLong };
}

test('lines are complete however they are chunked', () => {
  expect(split(['a\nb', 'c\r\n', '\nd'])).toEqual({
    taken: ['a', 'bc', ''],
    rest: 'd',
    tooLong: 0,
  });
  // One character in two chunks.
  expect(split(['\xC3', '\xA9\n']).taken).toEqual(['é']);
});

test('a line that is too long is skipped, and the next is complete', () => {
  const long = ['x'.repeat(6), 'x'.repeat(6), 'x\nshort\n', 'y'.repeat(11)];
  expect(split(long, new LineSplitter(10))).toEqual({
    taken: ['short'],
    rest: undefined,
    tooLong: 2,
  });
});

test('the end of a line whose beginning was not read is skipped', () => {
  const lines = new LineSplitter();
  lines.skipToNextLine();
  expect(split(['of it\nwhole\n'], lines).taken).toEqual(['whole']);
});
