import { describe, expect, it } from 'vitest';

import { didYouMean, nearest } from './nearest.js';

describe('nearest', () => {
  it('finds the word behind a typo', () => {
    expect(nearest('gretting', ['stt', 'greeting', 'session'])).toBe('greeting');
    expect(nearest('lmm', ['stt', 'llm', 'tts'])).toBe('llm');
    expect(nearest('roominput', ['roomInput', 'roomOutput'])).toBe('roomInput');
    expect(nearest('salse', ['support', 'sales'])).toBe('sales');
  });

  it('finds nothing when no candidate is close', () => {
    expect(nearest('voice', ['stt', 'llm'])).toBeUndefined();
    expect(nearest('', ['stt'])).toBeUndefined();
    expect(didYouMean('voice', [])).toBe('');
  });
});
