import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';

import { mergeMetadata, readMetadata } from './metadata.js';

const object = JSON.stringify({ agent: 'sales', tenant: 'acme' });
const encoded = (text: string, times: number): string =>
  times === 0 ? text : encoded(JSON.stringify(text), times - 1);
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

  // Each names an agent and a tenant, so its call must not go to the default ones.
  it.each([
    ['encoded twice', encoded(object, 1), "JSON.stringify'd twice (encode it once)"],
    ['encoded three times', encoded(object, 2), "JSON.stringify'd 3 times"],
    ['encoded nine times', encoded(object, 8), "JSON.stringify'd 9 times"],
    ['encoded twice, with spaces around', ` ${encoded(` ${object}\n`, 1)} `, 'twice'],
    ['encoded twice and empty', encoded('{}', 1), 'twice'],
    ['encoded twice and not valid', encoded('{"agent":"sales",}', 1), 'twice'],
    ['encoded twice and nested too deep', encoded(nested(33), 1), 'twice'],
    ['encoded twice and cut off', encoded(object, 1).slice(0, 30), 'in quotes'],
    ['encoded three times and cut off', encoded(object, 2).slice(0, 40), 'in quotes'],
    ['encoded twice and too large', `${encoded(object, 1)}${' '.repeat(600_000)}`, 'bytes long'],
    ['after a byte order mark', `\ufeff${object}`, 'after something that is not JSON'],
    ['after a byte order mark, and encoded twice', encoded(`\ufeff${object}`, 1), 'twice'],
    ['after a zero-width space', `\u200b${object}`, 'send only the object'],
    ['after a null character', `\0${object}`, 'send only the object'],
    ['after a comment to the end of the line', `// dispatch\n${object}`, 'or a comment'],
    ['after a comment of several lines', `/* a\n * b */ /**/\n${object}`, 'or a comment'],
    ['after a comment of another language', `# dispatch\n\n${object}`, 'or a comment'],
    ['in an array', `[${object}]`, 'is an array with an object in it'],
    ['in an array, with others', `[1, "a", ${object}]`, 'send the object itself'],
    ['in an array in an array', `[[${object}]]`, 'is an array'],
    ['in an array that is encoded twice', encoded(`[${object}]`, 1), 'is an array'],
    ['encoded twice in an array', `[${encoded(object, 1)}]`, 'is an array'],
    ['in an array that is cut off', '[{"agent":"sales"', 'is an array'],
    ['in the quotes of a shell', `'${object}'`, 'is an object in quotes'],
    ['in quotes that are not escaped', `"${object}"`, 'is an object in quotes'],
    ['of JavaScript in quotes', "'{agent: 1}'", 'is an object in quotes'],
  ])('marks an object %s', (_what, text, problem) => {
    const read = readMetadata(text);
    expect(read.unread).toBe(true);
    expect(read.problem).toContain(problem);
    expect(JSON.stringify(read)).not.toMatch(/sales|acme/);
    expect(Object.keys(read.values)).toEqual([]);
  });

  it.each([
    'Please call {name} back',
    '"{" opens a block',
    "'{' and '}'",
    '[{name}] calls',
    '"Ann"',
    '"she said: {no}"',
    '[1,"two",null]',
    '["{"]',
    '// no object here',
    '# 42 {a: 1}',
    '/* open {"a":1}',
    'https://example.org/?a={"b":1}',
    'eyJhbGciOiJIUzI1NiJ9.e30.x',
    '-----BEGIN KEY-----',
    '\u200b\ufeff',
  ])('does not mark the plain text %j', (text) => {
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
