import { expect, test } from 'vitest';

import type { SessionTurn } from '../call/session-turn.js';
import { TurnTracker } from './turn-tracker.js';

const first = { interrupted: false };
const second = { interrupted: false };
const cut = { interrupted: true };
const heard = { interrupted: false, heard: 'yes' } as const;
const cutShort = { interrupted: true, heard: 'yes' } as const;
const notHeard = { interrupted: false, heard: 'not_played' } as const;
const silent = { interrupted: false, heard: 'no_audio' } as const;
const silentThenCut = { interrupted: true, heard: 'no_audio' } as const;

type Step = (turns: TurnTracker) => void;
const asks: Step = (turns) => turns.asked();
const begins: Step = (turns) => turns.replyBegan(first, false);
const says: Step = (turns) => turns.said(heard, {});
const ends: Step = (turns) => turns.replyEnded(first);
const beginsAgain: Step = (turns) => turns.replyBegan(second, false);
const beginsInVain: Step = (turns) => turns.replyBegan(cut, false);
const closes: Step = (turns) => turns.close();
const providerFails: Step = (turns) => turns.failed('provider_error');

const words = (turn: SessionTurn) => (turn.state === 'unanswered' ? turn.reason : turn.state);

// What happens in a call, and the steps of turns that are reported for it.
const rows: [what: string, steps: Step[], reported: string[]][] = [
  ['a question and its answer', [asks, begins, says, ends, closes], ['asked', 'answered']],
  [
    'a reply that is generated before the turn is over',
    [begins, asks, says, ends, closes],
    ['asked', 'answered'],
  ],
  ['a greeting is no answer', [begins, says, ends, closes], []],
  [
    'an agent that says one more thing',
    [asks, begins, says, says, ends, closes],
    ['asked', 'answered'],
  ],
  [
    'the caller speaks into the answer',
    [asks, begins, (turns) => turns.said(cutShort, {}), asks, says, closes],
    ['asked', 'interrupted', 'asked', 'answered'],
  ],
  [
    'the caller speaks before the answer',
    [asks, beginsInVain, (turns) => turns.replyEnded(cut), asks, says, closes],
    ['asked', 'interrupted', 'asked', 'answered'],
  ],
  [
    'the caller speaks while the answer is generated, and the next one is generated already',
    [asks, beginsInVain, beginsAgain, asks, says, closes],
    ['asked', 'interrupted', 'asked', 'answered'],
  ],
  [
    'a tool asks the model itself, while the reply to the caller waits for it',
    [asks, begins, beginsAgain, asks, says, ends, asks, closes],
    ['asked', 'answered', 'asked', 'call_ended'],
  ],
  [
    'the same after typed words, whose reply begins first',
    [begins, asks, beginsAgain, asks, ends, (turns) => turns.replyEnded(second), closes],
    ['asked', 'no_reply'],
  ],
  [
    'the caller speaks while a tool asks the model itself',
    [beginsInVain, asks, beginsAgain, asks, says, closes],
    ['asked', 'interrupted', 'asked', 'answered'],
  ],
  [
    'a provider fails for good',
    [asks, begins, providerFails, ends, closes],
    ['asked', 'provider_error'],
  ],
  [
    'a provider fails before the turn is over',
    [begins, providerFails, asks, ends, closes],
    ['asked', 'provider_error'],
  ],
  [
    'the TTS fails, and the words are only in the transcript',
    [asks, begins, providerFails, (turns) => turns.said(notHeard, {}), ends, closes],
    ['asked', 'provider_error'],
  ],
  [
    'words without audio',
    [asks, begins, (turns) => turns.said(silent, {}), ends, closes],
    ['asked', 'no_reply'],
  ],
  [
    'words without audio, because the TTS gave none',
    [asks, begins, providerFails, (turns) => turns.said(silent, {}), ends, closes],
    ['asked', 'provider_error'],
  ],
  [
    'words without audio, which the caller interrupted',
    [asks, begins, (turns) => turns.said(silentThenCut, {}), closes],
    ['asked', 'interrupted'],
  ],
  [
    'words of which nobody knows whether they were played',
    [asks, begins, (turns) => turns.said(notHeard, {}), closes],
    ['asked', 'answered'],
  ],
  [
    'words of the caller are lost',
    [(turns) => turns.lost('provider_error'), asks, says, closes],
    ['asked', 'provider_error', 'asked', 'answered'],
  ],
  [
    'words of the caller are lost while the agent answers earlier ones',
    [asks, begins, (turns) => turns.lost('provider_error'), says, ends, closes],
    ['asked', 'asked', 'provider_error', 'answered'],
  ],
  [
    'a provider fails in the middle of the answer',
    [asks, begins, providerFails, says, ends, closes],
    ['asked', 'answered'],
  ],
  [
    'an agent that apologises after its reply has failed',
    [asks, begins, providerFails, ends, says, closes],
    ['asked', 'provider_error'],
  ],
  [
    'a failure of one turn is not that of the next',
    [asks, begins, providerFails, ends, asks, closes],
    ['asked', 'provider_error', 'asked', 'call_ended'],
  ],
  [
    'a failure outside of turns is not that of the next',
    [providerFails, asks, begins, ends, closes],
    ['asked', 'no_reply'],
  ],
  [
    'a hook fails',
    [asks, begins, (turns) => turns.failed('hook_error'), ends, closes],
    ['asked', 'hook_error'],
  ],
  [
    'an agent that hands the call over without a word, and the next one answers',
    [asks, begins, ends, beginsAgain, says, closes],
    ['asked', 'answered'],
  ],
  ['a reply without words', [asks, begins, ends, closes], ['asked', 'no_reply']],
  [
    'a reply without words, and the caller asks again',
    [asks, begins, ends, beginsAgain, asks, says, closes],
    ['asked', 'no_reply', 'asked', 'answered'],
  ],
  ['nobody replies', [asks, asks, says, closes], ['asked', 'no_reply', 'asked', 'answered']],
  ['the caller hangs up before the answer', [asks, begins, closes], ['asked', 'call_ended']],
  [
    'the STT gives no words',
    [(turns) => turns.unheard(), asks, says, closes],
    ['asked', 'no_transcript', 'asked', 'answered'],
  ],
  [
    'a realtime model that hears the caller itself, with words that come late',
    [(turns) => turns.replyBegan(first, true), says, asks, ends, closes],
    ['asked', 'answered'],
  ],
  [
    'a realtime model that hears the caller itself, with words that come first',
    [asks, (turns) => turns.replyBegan(first, true), says, ends, closes],
    ['asked', 'answered'],
  ],
  [
    'a realtime model without words of the caller',
    [
      (turns) => turns.replyBegan(first, true),
      says,
      ends,
      (turns) => turns.replyBegan(second, true),
      says,
      closes,
    ],
    ['asked', 'answered', 'asked', 'answered'],
  ],
];

test.each(rows)('%s', (_what, steps, reported) => {
  const seen: SessionTurn[] = [];
  const turns = new TurnTracker((turn) => seen.push(turn));
  for (const step of steps) step(turns);
  expect(seen.map(words)).toEqual(reported);
});

test('the times of a turn are those of its question and its answer', () => {
  const seen: SessionTurn[] = [];
  const turns = new TurnTracker((turn) => seen.push(turn));
  turns.asked({ endOfTurnMs: 500 });
  turns.firstToken({ firstTokenMs: 200 });
  turns.said(heard, { responseMs: 900 });
  expect(seen).toEqual([
    { state: 'asked', endOfTurnMs: 500 },
    { state: 'answered', firstTokenMs: 200, responseMs: 900 },
  ]);
});
