import { tokenize, voice } from '@livekit/agents';

import type { Logger } from '../base/logger.js';
import { type Method, replaceMethods } from './replace-method.js';
import type { ProcessPatch, UndoPatch } from './sdk-patch.js';

/** Lets a long text in one piece cost as much time as the same text in many pieces. */
export const longTextsPatch: ProcessPatch = {
  scope: 'process',
  name: 'long-texts',
  why: 'The SDK takes a text apart anew for each of its words: one long text holds every call of the worker.',
  versions: '@livekit/agents 1.9',
  apply: cutLongTexts,
};

/** What is used of a stream of tokens; the SDK has one inside each stream of words and of sentences. */
interface TokenStream {
  readonly closed: boolean;
  readonly queue: { put: (item: { token: string; segmentId: string }) => void };
  flush(): void;
}

/** What is known of a stream of tokens. */
interface Known {
  readonly sentences: boolean;
  /** Tokens so far. */
  tokens: number;
  /** Size of the next piece. */
  size: number;
  /** Length of the word at the end of the text so far. */
  word: number;
}

interface Synchronizer {
  readonly options?: { hyphenateWord?: (word: string) => string[] };
}

/** Characters of a piece: each of its tokens costs as much as the rest of the piece. */
const PIECE = { words: 64, sentences: 256 };
/** Without a token the pieces grow, as each costs as much as all the text that has no token yet. */
const LONGEST_PIECE = 16_384;
/**
 * The SDK looks for names of web sites from each character to the end of its word: a longer word is a sentence of its
 * own, which nobody looks at.
 */
const LONGEST_WORD = 256;
const LONG_WORD = new RegExp(`(?<![\\w.])[\\w.]{${LONGEST_WORD + 1},}`, 'g');
const OPEN_TAG = /<[/A-Za-z][^>]*$/;

function cutLongTexts(logger: Logger): UndoPatch {
  const known = new WeakMap<TokenStream, Known>();
  let insideSentences = false;
  return replaceMethods(logger, 'a long text may hold all calls', [
    {
      owner: tokenize.BufferedSentenceStream.prototype,
      name: 'pushText',
      replace: (push) =>
        function (this: object, text: string): void {
          insideSentences = true;
          try {
            push.call(this, text);
          } finally {
            insideSentences = false;
          }
        },
    },
    {
      owner: tokenize.BufferedTokenStream.prototype,
      name: 'pushText',
      replace: (push) =>
        function (this: TokenStream, text: string): void {
          const sentences = insideSentences;
          if (typeof text !== 'string' || this.closed) return void push.call(this, text);
          let stream = known.get(this);
          if (stream === undefined) known.set(this, (stream = watched(this, sentences)));
          if (sentences) pushSentences(this, stream, text, push);
          else pushPieces(this, stream, text, push);
        },
    },
    {
      owner: voice.RoomIO.prototype,
      name: 'start',
      replace: (start) =>
        function (this: { readonly transcriptionSynchronizer?: Synchronizer }, ...args: unknown[]) {
          const started = start.apply(this, args);
          boundHyphens(this.transcriptionSynchronizer);
          return started;
        },
    },
  ]);
}

function watched({ queue }: TokenStream, sentences: boolean): Known {
  const stream = { sentences, tokens: 0, size: 0, word: 0 };
  const { put } = queue;
  queue.put = (item) => {
    stream.tokens += 1;
    put.call(queue, item);
  };
  return stream;
}

/** Passes the text on, but for words that are too long: such a word ends the sentence before it. */
function pushSentences(to: TokenStream, stream: Known, text: string, push: Method): void {
  const first = text.search(/[^\w.]|$/);
  if (stream.word + first > LONGEST_WORD) {
    to.flush();
    stream.word = 0;
  }
  let from = 0;
  for (const { index, 0: token } of text.matchAll(LONG_WORD)) {
    pushPieces(to, stream, text.slice(from, index), push);
    to.flush();
    to.queue.put({ token, segmentId: crypto.randomUUID() });
    from = index + token.length;
  }
  const rest = text.slice(from);
  pushPieces(to, stream, rest, push);
  const last = /(?<![\w.])[\w.]*$/.exec(rest)?.[0].length ?? 0;
  stream.word = last < text.length ? last : stream.word + last;
}

/**
 * Passes the text on in pieces. Each ends after a blank: only within a word may the SDK see the end of a sentence that
 * turns out to be none, so the tokens are those of the whole text.
 */
function pushPieces(to: TokenStream, stream: Known, text: string, push: Method): void {
  const least = stream.sentences ? PIECE.sentences : PIECE.words;
  // Without one of these there is no sentence, and the text may stay in one piece.
  const mark = stream.sentences ? /[.?!\n]/g : /(?:)/g;
  const blank = /\s/g;
  stream.size = Math.max(stream.size, least);
  let from = 0;
  while (text.length - from > 2 * least) {
    mark.lastIndex = from;
    const at = mark.exec(text)?.index;
    if (at === undefined) break;
    blank.lastIndex = at + stream.size;
    let end = (blank.exec(text)?.index ?? text.length) + 1;
    if (stream.sentences && OPEN_TAG.test(text.slice(from, end))) {
      // The SDK knows a tag only as a whole.
      blank.lastIndex = Math.max(end, text.indexOf('>', end));
      end = (blank.exec(text)?.index ?? text.length) + 1;
    }
    // A short end of a text would be left to wait for more.
    if (text.length - end < least) break;
    const { tokens } = stream;
    push.call(to, text.slice(from, end));
    stream.size = stream.tokens > tokens ? least : Math.min(2 * stream.size, LONGEST_PIECE);
    from = end;
  }
  push.call(to, text.slice(from));
}

/** The time to write a word at is estimated from its syllables, which the SDK cannot count of a very long one. */
function boundHyphens(synchronizer: Synchronizer | undefined): void {
  const hyphenate = synchronizer?.options?.hyphenateWord;
  if (hyphenate === undefined || synchronizer?.options === undefined) return;
  synchronizer.options.hyphenateWord = (word) => hyphenate(word.slice(0, LONGEST_WORD));
}
