import { initializeLogger, tokenize } from '@livekit/agents';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { longTextsPatch } from './long-texts.js';
import { replaceMethods } from './replace-method.js';
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
type Options = ConstructorParameters<typeof SentenceTokenizer>[0];
const sentences = (options?: Options) => (): tokenize.SentenceStream =>
  new SentenceTokenizer(options).stream();

const kinds: readonly (readonly [string, Kind])[] = [
  ['words', () => new WordTokenizer(false).stream()],
  ['words without punctuation', () => new WordTokenizer().stream()],
  ['sentences', sentences()],
  ['sentences as they are written', sentences({ retainFormat: true })],
  ['short sentences', sentences({ minSentenceLength: 3 })],
  ['sentences up to a length', sentences({ maxTokenLength: 80, firstTokenLength: 5 })],
  ['sentences that wait for more text', sentences({ streamContextLength: 1000 })],
  ['sentences with tags', sentences({ xmlAware: true })],
  ['sentences with tags as written', sentences({ xmlAware: true, retainFormat: true })],
  ['short sentences with tags', sentences({ xmlAware: true, minSentenceLength: 3 })],
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

/** Expects the same tokens with the patch as without it. */
async function expectSame(kind: Kind, pieces: readonly (string | null)[]): Promise<void> {
  await unpatch();
  const expected = await segments(kind, pieces);
  patch();
  expect(await segments(kind, pieces)).toEqual(expected);
}

const PLAIN =
  'He said so.  Dr. J. Doe of the U.S. He left with Acme Inc. She paid 3.14 at www.a.b.com!\n';
const texts: readonly (readonly [string, string])[] = [
  ['sentences and abbreviations', PLAIN.repeat(20)],
  ['words without an end', 'word '.repeat(400)],
  ['lines', 'One line\nanother line\r\n\n\n'.repeat(90)],
  ['Chinese', '你好,世界。很好!真的吗?'.repeat(300)],
  ['Chinese with marks of ASCII', '你好!"真的吗?"哈!?"好'.repeat(300)],
  ['surrogate pairs', '😀 👩‍👩‍👧! 🏳️‍🌈\ud83d \ude00. '.repeat(80)],
  ['very long words', `Yes. ${'x'.repeat(1000)} and ${'a.b'.repeat(340)}. No. `.repeat(3)],
  ['tags all over', 'He <b>said  so. Yes!</b> <expr label="warm, Dr. J."/> and\nleft. '.repeat(40)],
  ['a tag at the end', `${PLAIN.repeat(20)}<b>So.</b> ${PLAIN}`],
  ['a tag at the start', `<b>So.</b> ${PLAIN.repeat(20)}`],
  ['a tag that stays open', `So <b and c. ${PLAIN.repeat(20)}`],
  ['tags that are unbalanced', `<b>So. </i></b> <c> ${PLAIN.repeat(20)}`],
  ['smaller and greater', '3 < 4. It is > 2, and <3 or </ as well. '.repeat(35)],
  ['the marks of the SDK itself', 'So <stop> <stop> yes<prd> and <nel> no. '.repeat(40)],
];

describe.each(texts)('%s', (_, text) => {
  test.each(kinds)('the tokens of a long text are those of the SDK: %s', async (__, kind) => {
    await expectSame(kind, [text]);
    await expectSame(kind, ['He said <b', text, null, text]);
  });
});

const word = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'the', 'He', 'She', 'But', 'agent', 'übermäßig') },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'end.',
      'what?!',
      'U.S.',
      'Dr.',
      'Prof.',
      'Ph.D.',
      'Inc.',
      'J.',
      'A.B.C.',
      '3.14',
      '5.',
      'www.livekit.io',
      'a.b.com.',
      '"yes."',
      '“no.”',
      'so...',
      '…',
      '—',
      '!',
      '!"',
      '?!"',
      '你好。',
      '哈!哈!',
      '😀!',
      '👩‍👩‍👧.',
      '\ud83d',
      '<stop>',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 60 }).map((n) => 'x'.repeat(n)) },
);
const tag = fc.constantFrom(
  '<b>so</b>',
  '<b>Yes. No!</b>',
  '<i/>',
  '<expr label="warm! Dr."/>',
  '<',
  '>',
  '<b',
  '</b>',
);
const blank = fc.constantFrom(' ', ' ', ' ', ' ', '  ', '\n', '\n\n', '\t', '\u00a0', '\r\n');
const textOf = (part: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .array(fc.tuple(part, blank), { minLength: 1, maxLength: 300, size: 'max' })
    .map((parts) => parts.flat().join(''));
const piece = fc.oneof(
  { weight: 3, arbitrary: textOf(word) },
  {
    weight: 2,
    arbitrary: textOf(fc.oneof({ weight: 20, arbitrary: word }, { weight: 1, arbitrary: tag })),
  },
  { weight: 1, arbitrary: fc.constant(null) },
);
const pieces = fc.array(piece, { minLength: 1, maxLength: 4 });

test.each(kinds)('the tokens of any text are those of the SDK: %s', async (_, kind) => {
  await fc.assert(
    fc.asyncProperty(pieces, (given) => expectSame(kind, given)),
    { numRuns: 20, seed: 1 },
  );
});

const SENTENCE = 'This is a sentence of seven words. ';

/** Runs it, and counts the characters that the splitters of the SDK are given: too many end it. */
function charactersSplit(most: number, run: () => void): number {
  let characters = 0;
  const count = (text: string): void => {
    characters += text.length;
    if (characters > most) throw new Error(`more than ${most} characters were taken apart`);
  };
  const undoCount = replaceMethods(new LogBook(), 'the count', [
    {
      owner: RegExp.prototype,
      name: 'exec',
      replace: (exec) =>
        function (this: RegExp, text: string): unknown {
          // The SDK has a new expression for each text.
          if (this.source === '\\S+' && this.lastIndex === 0) count(text);
          return exec.call(this, text);
        },
    },
    {
      owner: String.prototype,
      name: 'split',
      replace: (split) =>
        function (this: string, ...args: unknown[]): unknown {
          if (args[0] === '<stop>') count(String(this));
          return split.apply(this, args);
        },
    },
  ]);
  try {
    run();
  } finally {
    void undoCount();
  }
  return characters;
}

const LONG: readonly (readonly [string, string])[] = [
  ['words', 'word '.repeat(5_000)],
  ['sentences', SENTENCE.repeat(800)],
  ['words, then sentences', 'word '.repeat(5_000) + SENTENCE.repeat(800)],
  ['a long word, then words', `${'x'.repeat(75_000)} ${'word '.repeat(5_000)}`],
  ['a sentence, then Chinese', SENTENCE + '你好'.repeat(50_000)],
  ['Chinese with marks of ASCII', '你好吗你好吗你好吗你好吗你好吗你好吗你好吗!'.repeat(1_000)],
  ['initials', 'J. '.repeat(8_000)],
  ['a tag, then sentences', `<b>So.</b> ${SENTENCE.repeat(800)}`],
];

describe.each(LONG)('%s', (_, text) => {
  test.each(kinds)('a long text is taken apart in linear work: %s', (__, kind) => {
    patch();
    const stream = kind();
    const most = 64 * text.length;
    expect(charactersSplit(most, () => (stream.pushText(text), stream.endInput()))).toBeGreaterThan(
      0,
    );
  });
});

test.each([
  ['in one piece', ['He said ', 'x'.repeat(9_000), ' and left.'], 9_000],
  ['in small pieces', ['He said ', ...Array<string>(2_250).fill('xxxx'), ' and left.'], 1_024],
])('a word without an end is no text to look through: %s', async (_, given, longest) => {
  patch();
  const tokens = (await segments(sentences(), given)).flat();
  expect(tokens.join('').replaceAll(/\s/g, '')).toBe(given.join('').replaceAll(/\s/g, ''));
  expect(Math.max(...tokens.map(({ length }) => length))).toBeLessThanOrEqual(longest + 10);
});

test('the text of a splitter of the user is left in one piece', () => {
  patch();
  const given: string[] = [];
  const stream = new tokenize.BufferedSentenceStream((text) => (given.push(text), [text]), 1, 1);
  stream.pushText(PLAIN.repeat(100));
  expect(given).toEqual([PLAIN.repeat(100)]);
});

test('a stream that is closed takes no text', () => {
  patch();
  for (const [, kind] of kinds) {
    const stream = kind();
    stream.endInput();
    expect(() => stream.pushText('x '.repeat(1000))).toThrow('closed');
  }
});
