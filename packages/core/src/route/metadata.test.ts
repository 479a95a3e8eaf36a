import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';

import { mergeMetadata, readMetadata } from './metadata.js';

const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;

describe('readMetadata', () => {
  it('reads an object', () => {
    const { values, problem } = readMetadata('{"agent":"sales","retries":2,"deep":{"list":[1]}}');
    expect(values).toEqual({ agent: 'sales', retries: 2, deep: { list: [1] } });
    expect(problem).toBeUndefined();
  });

  it.each(['', '   ', '\n'])('treats blank text %j as no metadata, without a problem', (text) => {
    const metadata = readMetadata(text);
    expect(metadata.problem).toBeUndefined();
    expect(Object.keys(metadata.values)).toEqual([]);
  });

  it.each(['hello', '{', '{"a":NaN}', "{'a':1}", '{"a":1}}'])(
    'rejects %j, which is not JSON',
    (text) => {
      const metadata = readMetadata(text);
      expect(metadata.problem).toBe('is not valid JSON');
      expect(Object.keys(metadata.values)).toEqual([]);
    },
  );

  it.each(['[]', '"sales"', '5', 'null', 'true'])('rejects %j, which is not an object', (text) => {
    expect(readMetadata(text).problem).toBe('is JSON but not an object');
  });

  it('does not quote text that it cannot parse', () => {
    expect(JSON.stringify(readMetadata('secret: 555-1234'))).not.toContain('555');
  });

  it('reads at most 512 KiB, or as many bytes as it is told', () => {
    const fits = `{"a":"${'x'.repeat(512 * 1024 - 8)}"}`;
    expect(Buffer.byteLength(fits)).toBe(512 * 1024);
    expect(readMetadata(fits).problem).toBeUndefined();
    expect(readMetadata(`${fits} `).problem).toBe('is 524289 bytes long; at most 524288 are read');
    // Bytes, not characters.
    expect(readMetadata(`{"a":"é"}`, 9).problem).toContain('bytes long');
    expect(readMetadata(`{"a":"é"}`, 10).problem).toBeUndefined();
  });

  it.each(['{', '{"a":1}}', ' {"a":NaN}', nested(33), `{"a":"${'x'.repeat(600_000)}"}`])(
    'marks an object that could not be read',
    (text) => expect(readMetadata(text).unread).toBe(true),
  );

  it.each(['hello', '[', '[]', '"{"', '5', '', '{}'])('does not mark %j', (text) => {
    expect(readMetadata(text).unread).toBeUndefined();
  });

  it('reads at most 32 levels', () => {
    expect(readMetadata(nested(32)).problem).toBeUndefined();
    expect(readMetadata(nested(33)).problem).toBe('is nested deeper than 32 levels');
  });

  it('does not count brackets inside strings', () => {
    const text = JSON.stringify({ a: `\\"${'[{'.repeat(100)}\\`, b: ['\\', '"'] });
    expect(readMetadata(text).values).toEqual(JSON.parse(text));
  });

  it('reads each character of the worst text once, and stops where it is nested too deep', () => {
    const text = `{"a":[${'[],'.repeat(170_000)}0]}`;
    const look = vi.spyOn(String.prototype, 'charCodeAt');
    const parse = vi.spyOn(JSON, 'parse');
    try {
      expect(readMetadata(text).problem).toBeUndefined();
      expect(look).toHaveBeenCalledTimes(text.length);
      expect(readMetadata('['.repeat(65_000)).problem).toContain('nested');
      expect(look).toHaveBeenCalledTimes(text.length + 33);
      expect(parse).toHaveBeenCalledOnce();
    } finally {
      look.mockRestore();
      parse.mockRestore();
    }
  });

  it('has no properties that are not in the metadata', () => {
    const { values } = readMetadata('{"agent":"x"}');
    for (const key of ['constructor', 'toString', '__proto__']) {
      expect(values[key]).toBeUndefined();
    }
  });

  it('removes __proto__ at every level and keeps constructor as plain data', () => {
    const { values } = readMetadata(
      '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"a":{"\\u005f_proto__":{"admin":true},"b":1}}',
    );
    expect(Object.keys(values)).toEqual(['constructor', 'a']);
    const copy = Object.assign({}, values, values.a);
    expect((copy as Record<string, unknown>).admin).toBeUndefined();
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
  });

  it('returns frozen values', () => {
    expect(Object.isFrozen(readMetadata('{"a":1}').values)).toBe(true);
    expect(Object.isFrozen(readMetadata('').values)).toBe(true);
    const { values } = readMetadata('{"deep":{"list":[{}]}}');
    const deep = values['deep'] as { readonly list: readonly object[] };
    expect([deep, deep.list, deep.list[0]].every(Object.isFrozen)).toBe(true);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.stringMatching(/^[[\]{}":,\\01a]*$/)),
        (text) => {
          const { values, problem } = readMetadata(text);
          if (problem !== undefined) expect(Object.keys(values)).toEqual([]);
        },
      ),
    );
  });

  it('reads every object within its limits as JSON.parse does', () => {
    const key = fc.string().filter((name) => name !== '__proto__');
    const object = fc.dictionary(key, fc.jsonValue({ maxDepth: 5 }), { maxKeys: 8 });
    fc.assert(
      fc.property(object, (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes('__proto__'));
        const read = readMetadata(text);
        expect(read.problem).toBeUndefined();
        expect({ ...read.values }).toEqual(JSON.parse(text));
      }),
    );
  });
});

describe('mergeMetadata', () => {
  it('prefers the later layer, even for null', () => {
    expect(mergeMetadata({ a: 1, b: 2 }, { b: null, c: 3 })).toEqual({ a: 1, b: null, c: 3 });
  });
});
