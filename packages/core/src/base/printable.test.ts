import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { printable } from './printable.js';

describe('printable', () => {
  it('keeps ordinary text of any language', () => {
    expect(printable('sales-eu 1 ünïcödé 日本語 👩‍🚀')).toBe('sales-eu 1 ünïcödé 日本語 👩‍🚀');
  });

  it('removes line breaks, escapes, C1 controls and bidirectional controls', () => {
    expect(printable('a\r\nb\u001b[31mc\u009bd\u202ee\u2066f\u200fg\u2028h\u061ci\u007fj')).toBe(
      'ab[31mcdefghij',
    );
  });

  it('removes half a surrogate pair', () => {
    expect(printable('a\ud800b')).toBe('ab');
  });

  it('cuts after 64 characters without splitting one', () => {
    expect(printable('x'.repeat(64))).toBe('x'.repeat(64));
    expect(printable('x'.repeat(65))).toBe(`${'x'.repeat(63)}…`);
    expect(printable('🚀'.repeat(300))).toBe(`${'🚀'.repeat(63)}…`);
    expect(printable('abcdef', 3)).toBe('ab…');
  });

  it('returns a short, well-formed line for any input', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const shown = printable(text);
        expect(Array.from(shown).length).toBeLessThanOrEqual(64);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/u);
        expect(printable(shown)).toBe(shown);
      }),
    );
  });
});
