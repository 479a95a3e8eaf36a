import { expect, test } from 'vitest';

import { redactor } from './redact.js';

test('the longer of two secrets goes first, so that nothing of it is left', () => {
  const redact = redactor({ A_SECRET: 'abcdefgh', B_TOKEN: 'abcdefgh-and-more' });
  expect(redact('abcdefgh-and-more abcdefgh')).toBe('[secret] [secret]');
});

test('short values and values of other variables stay', () => {
  const redact = redactor({ API_KEY: 'dev', HOME: '/home/someone' }, [undefined, 'short']);
  expect(redact('dev short /home/someone')).toBe('dev short /home/someone');
});
