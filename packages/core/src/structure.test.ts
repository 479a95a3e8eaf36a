import { readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

/*
 * The layout of this folder, as docs/flow.md draws it. A room may import from the rooms above it in this list, types
 * as well as code; the stops of the flow do not know each other.
 */
const rooms = [
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
] as const;

/** Imports that go the other way, each with its reason. */
const exceptions: ReadonlyMap<string, string> = new Map([
  [
    'sdk/session-room.ts > testing/embedded/embedded-room.ts',
    'loaded on demand, for calls over the embedded endpoint',
  ],
]);

const MAX_LINES = 250;

const root = fileURLToPath(new URL('.', import.meta.url));

/** Helpers that only tests import. */
const ofTests = /\.(test|fixture)\.ts$|-harness\.ts$|fake-[\w-]+\.ts$|log-book\.ts$/;

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .map((file) => file.split(sep).join('/'))
  .filter((file) => file.endsWith('.ts') && !ofTests.test(file))
  .sort();

const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*'(\.{1,2}\/[^']+)'/g;

const importsOf = new Map(
  files.map((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const targets = [...text.matchAll(IMPORT)].map(([, target = '']) =>
      relative(root, join(root, dirname(file), target))
        .split(sep)
        .join('/')
        .replace(/\.js$/, '.ts'),
    );
    return [file, [...new Set(targets)]] as const;
  }),
);

const roomOf = (file: string) => (file.includes('/') ? (file.split('/')[0] ?? '') : '');
const levelOf = (room: string) => rooms.findIndex((level) => level.some((each) => each === room));
const shown = (from: string, to: string) => `${from} > ${to}`;

function imports(): { from: string; to: string }[] {
  return [...importsOf].flatMap(([from, targets]) => targets.map((to) => ({ from, to })));
}

describe('the layout of core', () => {
  test('every folder is a room of the list, and every room is there', () => {
    const found = new Set(files.map(roomOf).filter((room) => room !== ''));
    expect([...found].sort()).toEqual(rooms.flat().sort());
  });

  test('every import names a file that is there', () => {
    const missing = imports().filter(({ to }) => !importsOf.has(to));
    expect(missing).toEqual([]);
  });

  test('nothing is imported against the flow, neither code nor types', () => {
    const upward = imports()
      // Entries of the package are of no room.
      .filter(({ from, to }) => roomOf(from) !== '' && roomOf(from) !== roomOf(to))
      .filter(({ from, to }) => levelOf(roomOf(to)) >= levelOf(roomOf(from)))
      .map(({ from, to }) => shown(from, to))
      .filter((each) => !exceptions.has(each));
    expect(upward).toEqual([]);
  });

  test('every exception is still needed', () => {
    const all = new Set(imports().map(({ from, to }) => shown(from, to)));
    expect([...exceptions.keys()].filter((each) => !all.has(each))).toEqual([]);
  });

  test('no files import each other in a circle, by types either', () => {
    expect(circles()).toEqual([]);
  });

  test(`no file is longer than ${MAX_LINES} lines`, () => {
    const long = files
      .map((file) => [file, readFileSync(join(root, file), 'utf8').split('\n').length - 1] as const)
      .filter(([, lines]) => lines > MAX_LINES);
    expect(long).toEqual([]);
  });

  test('no two files have one name', () => {
    const names = files.map((file) => basename(file)).filter((name) => name !== 'index.ts');
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });
});

/** Each file that imports itself by way of others, with the way. */
function circles(): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file);
    if (at >= 0) found.push([...way.slice(at), file].join(' > '));
    if (at >= 0 || done.has(file)) return;
    for (const to of importsOf.get(file) ?? [])
      if (!exceptions.has(shown(file, to))) visit(to, [...way, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  return found;
}
