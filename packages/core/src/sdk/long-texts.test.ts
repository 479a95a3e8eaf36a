import { initializeLogger, tokenize } from '@livekit/agents';
import fc from 'fast-check';
import { afterEach, beforeAll, expect, test } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { longTextsPatch } from './long-texts.js';
import type { UndoPatch } from './sdk-patch.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

let undo: UndoPatch | undefined;
const patch = (): void => void (undo = longTextsPatch.apply(new LogBook()));
const unpatch = async (): Promise<void> => {
  await undo?.();
  undo = undefined;
};
afterEach(unpatch);

type Kind = () => tokenize.WordStream | tokenize.SentenceStream;
const { SentenceTokenizer, WordTokenizer } = tokenize.basic;

const kinds: readonly (readonly [string, Kind])[] = [
  ['words', () => new WordTokenizer(false).stream()],
  ['words without punctuation', () => new WordTokenizer().stream()],
  ['sentences', () => new SentenceTokenizer().stream()],
  ['sentences as they are written', () => new SentenceTokenizer({ retainFormat: true }).stream()],
  ['short sentences', () => new SentenceTokenizer({ minSentenceLength: 3 }).stream()],
  [
    'sentences up to a length',
    () => new SentenceTokenizer({ maxTokenLength: 80, firstTokenLength: 5 }).stream(),
  ],
];

/** Pushes the pieces, null being a flush, and gives the tokens; those of a segment are one list. */
async function segments(kind: Kind, pieces: readonly (string | null)[]): Promise<string[][]> {
  const stream = kind();
  for (const piece of pieces) {
    if (piece === null) stream.flush();
    else stream.pushText(piece);
  }
  stream.endInput();
  const found = new Map<string, string[]>();
  for await (const { token, segmentId } of stream)
    found.set(segmentId, [...(found.get(segmentId) ?? []), token]);
  return [...found.values()];
}

const word = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'the', 'He', 'She', 'But', 'agent', 'übermäßig') },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...['end.', 'what?!', 'U.S.', 'Dr.', 'Prof.', 'Ph.D.', 'Inc.', 'J.', 'A.B.C.', '3.14', '5.'],
      ...[
        'www.livekit.io',
        'a.b.com.',
        '"yes."',
        '“no.”',
        'so...',
        '…',
        '—',
        '<b>so</b>',
        '<b>Yes. No!</b>',
        '<i/>',
      ],
      ...[
        '<expr label="warm! Dr."/>',

        '<',
        '你好。',
        '哈!哈!',
        '😀!',
        '👩‍👩‍👧.',
        '<stop>',
        '!',
        '\ud83d',
      ],
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 60 }).map((n) => 'x'.repeat(n)) },
);
const blank = fc.constantFrom(' ', ' ', ' ', ' ', '  ', '\n', '\n\n', '\t', '\u00a0', '\r\n');
const text = fc
  .array(fc.tuple(word, blank), { minLength: 1, maxLength: 150, size: 'max' })
  .map((parts) => parts.flat().join(''));
const piece = fc.oneof({ weight: 5, arbitrary: text }, { weight: 1, arbitrary: fc.constant(null) });
const pieces = fc.array(piece, { minLength: 1, maxLength: 4 });

test.each(kinds)('the tokens of a long text are those of the SDK: %s', async (_, kind) => {
  await fc.assert(
    fc.asyncProperty(pieces, async (given) => {
      await unpatch();
      const expected = await segments(kind, given);
      patch();
      expect(await segments(kind, given)).toEqual(expected);
    }),
    { numRuns: 25 },
  );
});

/** A stream whose tokenizer notes how much text it is given. */
function counted(kind: 'words' | 'sentences') {
  let work = 0;
  const split = (given: string): [string, number, number][] => {
    work += given.length;
    const tokens = given.matchAll(kind === 'words' ? /\S+/g : /[^.]+\.?/g);
    return Array.from(tokens, ({ index, 0: token }) => [token, index, index + token.length]);
  };
  const stream =
    kind === 'words'
      ? new tokenize.BufferedTokenStream(split, 1, 1)
      : new tokenize.BufferedSentenceStream(split, 20, 10);
  return { stream, work: () => work };
}

const SENTENCE = 'This is a sentence of seven words. ';

test.each([
  ['words', 'word '.repeat(25_000)],
  ['words', SENTENCE.repeat(4_000)],
  ['words', `${'x'.repeat(2_000_000)} ${'word '.repeat(25_000)}`],
  ['sentences', SENTENCE.repeat(4_000)],
  ['sentences', 'word '.repeat(25_000)],
  ['sentences', 'word '.repeat(25_000) + SENTENCE.repeat(4_000)],
  ['sentences', 'x'.repeat(2_000_000)],
  ['sentences', SENTENCE + '你好'.repeat(1_000_000)],
] as const)('the work for a long text grows with its length only: %s %.20s', (kind, long) => {
  patch();
  const { stream, work } = counted(kind);
  stream.pushText(long);
  stream.endInput();
  expect(work()).toBeLessThan(16 * long.length);
});

test.each([
  ['in one piece', ['He said ', 'x'.repeat(3_000), ' and left.'], 3_000],
  ['in small pieces', ['He said ', ...Array<string>(750).fill('xxxx'), ' and left.'], 256],
])('a word without an end is no text to look through: %s', async (_, given, longest) => {
  patch();
  const tokens = (await segments(() => new SentenceTokenizer().stream(), given)).flat();
  expect(tokens.join('').replaceAll(/\s/g, '')).toBe(given.join('').replaceAll(/\s/g, ''));
  expect(Math.max(...tokens.map(({ length }) => length))).toBeLessThanOrEqual(longest + 10);
});

test('a stream that is closed takes no text', () => {
  patch();
  for (const [, kind] of kinds) {
    const stream = kind();
    stream.endInput();
    expect(() => stream.pushText('x '.repeat(1000))).toThrow('closed');
  }
});
