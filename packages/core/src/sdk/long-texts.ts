import { tokenize } from '@livekit/agents';

import type { Logger } from '../base/logger.js';
import { type Method, replaceMethods } from './replace-method.js';
import type { ProcessPatch, UndoPatch } from './sdk-patch.js';

/** Lets a long text in one piece cost as much time as the same text in many pieces. */
export const longTextsPatch: ProcessPatch = {
  scope: 'process',
  name: 'long-texts',
  why: 'The SDK splits the whole text again for each of its words: one long text holds every call of the worker.',
  versions: '@livekit/agents 1.9',
  apply: cutLongTexts,
};

/** What a stream makes of a text. Of sentences, some streams know tags as well. */
type Kind = 'words' | 'sentences' | 'tagged';

/** What is used of the stream of tokens that the SDK has inside each stream of words or sentences. */
interface TokenStream {
  readonly closed: boolean;
  readonly queue: { put: (item: { token: string; segmentId: string }) => void };
  flush(): void;
}

/** What is known of a stream of tokens. */
interface Known {
  readonly kind: Kind;
  /** Tokens so far. */
  tokens: number;
  /** Size of the next piece. */
  size: number;
  /** Length of the word at the end of the text so far. */
  word: number;
}

/** Characters of a piece: each of its tokens costs as much as the rest of the piece. */
const PIECE = { words: 64, sentences: 256, tagged: 256 };
/** Without a token the pieces grow, as each costs as much as all the text that has no token yet. */
const LONGEST_PIECE = 16_384;
/** Characters of the last piece, at least: a stream may have been told to wait for so many (`streamContextLength`). */
const LAST_PIECE = 1_024;
/**
 * The SDK looks for names of web sites from each character to the end of its word: a longer word is a sentence of its
 * own, which nobody looks at.
 */
const LONGEST_WORD = 1_024;
const LONG_WORD = new RegExp(`(?<![\\w.])[\\w.]{${LONGEST_WORD + 1},}`, 'g');
/** A tokenizer that knows tags gives this back as it is, another one moves the dot behind the quotation mark. */
const TAG_PROBE = '."<b/>';

function cutLongTexts(logger: Logger): UndoPatch {
  // Only streams of the SDK's own tokenizers: of another one nobody knows where its texts may be cut.
  const kinds = new WeakMap<object, Kind>();
  const known = new WeakMap<TokenStream, Known>();
  let pushing: Kind | undefined;
  const noteStream = (kindOf: (tokenizer: tokenize.SentenceTokenizer) => Kind) => (make: Method) =>
    function (this: tokenize.SentenceTokenizer, ...args: unknown[]): unknown {
      const stream = make.apply(this, args) as object;
      kinds.set(stream, kindOf(this));
      return stream;
    };
  const noteKind = (push: Method) =>
    function (this: object, text: string): void {
      pushing = kinds.get(this);
      try {
        push.call(this, text);
      } finally {
        pushing = undefined;
      }
    };
  return replaceMethods(logger, 'a long text may hold all calls', [
    {
      owner: tokenize.basic.WordTokenizer.prototype,
      name: 'stream',
      replace: noteStream(() => 'words'),
    },
    {
      owner: tokenize.basic.SentenceTokenizer.prototype,
      name: 'stream',
      replace: noteStream(kindOfSentences),
    },
    { owner: tokenize.BufferedWordStream.prototype, name: 'pushText', replace: noteKind },
    { owner: tokenize.BufferedSentenceStream.prototype, name: 'pushText', replace: noteKind },
    {
      owner: tokenize.BufferedTokenStream.prototype,
      name: 'pushText',
      replace: (push) =>
        function (this: TokenStream, text: string): void {
          const kind = pushing;
          if (kind === undefined || typeof text !== 'string' || this.closed)
            return void push.call(this, text);
          let stream = known.get(this);
          if (stream === undefined) known.set(this, (stream = watched(this, kind)));
          if (kind === 'words') pushPieces(this, stream, text, push);
          else pushSentences(this, stream, text, push);
        },
    },
  ]);
}

function kindOfSentences(tokenizer: tokenize.SentenceTokenizer): Kind {
  return tokenizer.tokenize(TAG_PROBE).join('') === TAG_PROBE ? 'tagged' : 'sentences';
}

function watched({ queue }: TokenStream, kind: Kind): Known {
  const stream = { kind, tokens: 0, size: 0, word: 0 };
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
 * Passes the text on in pieces whose tokens are those of the whole text. Each piece ends after a blank, or after a mark that
 * always ends a sentence. Within a word, the SDK may take a mark for the end of a sentence that goes on.
 */
function pushPieces(to: TokenStream, stream: Known, text: string, push: Method): void {
  const { kind } = stream;
  const least = PIECE[kind];
  // Without one of these there is no sentence, and the text may stay in one piece.
  const mark = kind === 'words' ? /(?:)/g : /[.?!\n]/g;
  const ends = kind === 'words' ? /\s/g : /\s|[?!](?!")/g;
  // With a tag anywhere, the SDK leaves the sentences before it as they are written: only what follows may be cut.
  const lastTag = kind === 'tagged' ? text.lastIndexOf('>') : 0;
  stream.size = Math.max(stream.size, least);
  let from = 0;
  while (text.length - from > LAST_PIECE) {
    mark.lastIndex = from;
    const at = mark.exec(text)?.index;
    if (at === undefined) break;
    ends.lastIndex = Math.max(at + stream.size, lastTag);
    const end = (ends.exec(text)?.index ?? text.length) + 1;
    if (text.length - end < LAST_PIECE) break;
    const { tokens } = stream;
    push.call(to, text.slice(from, end));
    stream.size = stream.tokens > tokens ? least : Math.min(2 * stream.size, LONGEST_PIECE);
    from = end;
  }
  push.call(to, text.slice(from));
}
