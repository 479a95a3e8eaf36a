import { expect, test } from 'vitest';

import { cellText, cut, widthOf } from './cell-text.js';
import { drawn } from './terminal.fixture.js';

const FAMILY = '\u{1F469}\u200D\u{1F467}';
const THUMB = '\u{1F44D}\u{1F3FD}';
const HEART = '\u2764\uFE0F';

test('characters that control the terminal or join others are removed', () => {
  expect(cellText('a\u001B[2J\u009B1m\r\n\tb\u202E\u2066c\u200Bd')).toBe('a[2J1mbcd');
  expect(cellText(FAMILY)).toBe('\u{1F469}\u{1F467}');
  expect(cellText(`${THUMB}${HEART}`)).toBe('\u{1F44D}\u2764');
  expect(cellText('\uD83D')).toBe('');
});

test('at most two marks stay on a character', () => {
  expect(cellText(`e${'\u0301'.repeat(99)}x`)).toBe('e\u0301\u0301x');
});

test('a text is cut by columns, not by characters', () => {
  expect(cut('hello', 5)).toBe('hello');
  expect(cut('hello', 4)).toBe('hel…');
  expect(cut('東京都', 6)).toBe('東京都');
  expect(cut('東京都', 5)).toBe('東京…');
  expect(cut('東京都', 4)).toBe('東…');
  expect(cut('hello', 1)).toBe('…');
  expect(cut('hello', 0)).toBe('');
  expect(cut('hello', Number.POSITIVE_INFINITY)).toBe('hello');
});

test.each(['東京', 'é', 'e\u0301', '한국어', 'ｆｕｌｌ', 'ﬁ', '→ …', 'Ünï'])(
  'a terminal draws %s as wide as it is measured',
  async (name) => {
    const text = cellText(name);
    const { stdout } = await drawn([[{ at: 0, text }]], { columns: 40, rows: 1 });
    expect(stdout.terminal.buffer.active.cursorX).toBe(widthOf(text));
  },
);
