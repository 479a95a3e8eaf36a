import { readFileSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { Layout, type Rules, specifiersOf } from './structure.fixture.js';

const rules: Rules = {
  /*
   * The layout of this folder, as docs/flow.md draws it. A room may import from the rooms above it in this list, types
   * as well as code; the stops of the flow do not know each other.
   */
  rooms: [
    ['base'],
    ['call'],
    ['agents'],
    ['sdk'],
    ['watch', 'audio'],
    ['link', 'route', 'admit', 'launch', 'session', 'settle'],
    ['operate'],
    ['flow', 'options'],
    ['worker'],
    ['pool'],
    ['testing'],
  ],
  entries: {
    '': 'index.ts',
    '/isolation': 'isolation.ts',
    '/host': 'host.ts',
    '/signing': 'signing.ts',
    '/operate': 'operate/index.ts',
    '/testing': 'testing/index.ts',
  },
  exceptions: new Set([
    // Loaded on demand, for calls over the embedded endpoint.
    'sdk/session-room.ts > testing/embedded/embedded-room.ts',
  ]),
  maxLines: 250,
};

const root = fileURLToPath(new URL('.', import.meta.url));

/** Helpers that only tests import. */
const ofTests = /\.(test|fixture)\.ts$|-harness\.ts$|fake-[\w-]+\.ts$|log-book\.ts$/;

const paths = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(root.length).split(sep).join('/'))
  .sort();

const core = new Layout(
  new Map(
    paths
      .filter((path) => !ofTests.test(path))
      .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
  ),
  rules,
);

describe('the layout of core', () => {
  test('every file is TypeScript, in the one form whose imports are read', () => {
    expect(paths.filter((path) => !path.endsWith('.ts') || path.endsWith('.d.ts'))).toEqual([]);
  });

  test('every folder is a room of the list, and every room is there', () => {
    expect([...core.rooms].sort()).toEqual(rules.rooms.flat().sort());
  });

  test('beside the rooms there are only the entries, as package.json has them', () => {
    expect(core.strays()).toEqual([]);
    const manifest = JSON.parse(readFileSync(join(root, '../package.json'), 'utf8')) as {
      exports: Record<string, { types?: string }>;
    };
    const exported = Object.entries(manifest.exports)
      .filter(([, { types }]) => types !== undefined)
      .map(([path, { types }]) => [
        path.slice(1),
        types?.replace(/^\.\/dist\/(.*)\.d\.ts$/, '$1.ts'),
      ]);
    expect(rules.entries).toEqual(Object.fromEntries(exported));
  });

  test('every import names a file that is there', () => {
    expect(core.missing()).toEqual([]);
  });

  test('nothing is imported against the flow, neither code nor types', () => {
    expect(core.upward()).toEqual([]);
  });

  test('every exception is still needed', () => {
    expect(core.unneeded()).toEqual([]);
  });

  test('no files import each other in a circle, by types either', () => {
    expect(core.circles()).toEqual([]);
  });

  test(`no file is longer than ${rules.maxLines} lines`, () => {
    expect(core.long()).toEqual([]);
  });

  test('no two files have one name', () => {
    expect(core.twins()).toEqual([]);
  });
});

describe('what these tests find', () => {
  const layout = (files: Record<string, string>) =>
    new Layout(new Map(Object.entries({ 'worker/b.ts': '', ...files })), {
      ...rules,
      exceptions: new Set(),
    });

  test.each([
    `import { b } from '../worker/b.js';`,
    `import type { B } from "../worker/b.js";`,
    `import { b } from /* the other one */ '../worker/b.js';`,
    `import '../worker/b.js';`,
    `import\n  b = require('../worker/b.js');`,
    `export * from '../worker/b.js';`,
    `export type { B } from '../worker/b.js';`,
    `type B = import('../worker/b.js').B;`,
    `const b = await import(/* later */ "../worker/b.js");`,
    'const b = await import(`../worker/b.js`);',
    `import { b } from '.././worker/../worker/b.js';`,
  ])('an import against the flow: %s', (text) => {
    expect(layout({ 'base/a.ts': text }).upward()).toEqual(['base/a.ts > worker/b.ts']);
  });

  test('no import in a comment or a text', () => {
    const text = `// import '../worker/b.js'\nconst code = "import '../worker/b.js'";`;
    expect(specifiersOf('base/a.ts', text)).toEqual([]);
  });

  test.each([
    ['@openrtc/core', 'index.ts'],
    ['@openrtc/core/host', 'host.ts'],
    ['@openrtc/core/operate', 'operate/index.ts'],
    ['../index.js', 'index.ts'],
  ])('an import of the entry %s by a room', (specifier, entry) => {
    expect(layout({ 'base/a.ts': `export * from '${specifier}';` }).upward()).toEqual([
      `base/a.ts > ${entry}`,
    ]);
  });

  test('an entry that does not exist; packages with a name alike are others', () => {
    const text = `import '@openrtc/core/link'; import '@openrtc/core-extras'; import 'ws';`;
    expect(layout({ 'base/a.ts': text }).missing()).toEqual(['base/a.ts > @openrtc/core/link']);
  });

  test('a file at the root by which one room passes a module to another', () => {
    const hidden = layout({
      'base/a.ts': `import { b } from '../between.js';`,
      'between.ts': `export { b } from './worker/b.js';`,
    });
    expect(hidden.strays()).toEqual(['between.ts']);
    expect(hidden.upward()).toEqual(['base/a.ts > between.ts']);
  });

  test('a circle, with its way', () => {
    const circle = layout({
      'base/a.ts': `import './c.js';`,
      'base/c.ts': `import type { A } from "./a.js";`,
    });
    expect(circle.circles()).toEqual(['base/a.ts > base/c.ts > base/a.ts']);
  });

  test('a line too many, whether the last one ends or not', () => {
    const lines = (count: number) => Array.from({ length: count }, () => '//').join('\n');
    const long = layout({
      'base/a.ts': `${lines(250)}\n`,
      'base/c.ts': `${lines(251)}\n`,
      'base/d.ts': lines(251),
    });
    expect(long.long()).toEqual(['base/c.ts: 251', 'base/d.ts: 251']);
  });

  test('two files whose names differ in case alone', () => {
    const twins = layout({ 'base/Deferred.ts': '', 'worker/deferred.ts': '' });
    expect(twins.twins()).toEqual(['deferred.ts']);
  });
});
