import * as esbuild from 'esbuild';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

import type { CompiledModule } from './compiled-module.js';
import { compile, pathOf, write } from './files.fixture.js';
import { ModuleRunner, type Namespace } from './module-runner.js';

/** Compiles the files and evaluates the first. */
async function evaluate(
  entry: string,
  generation = 0,
  before?: ModuleRunner,
): Promise<{ runner: ModuleRunner; exports: Namespace }> {
  const runner = new ModuleRunner(await compile(entry), generation, before);
  return { runner, exports: await runner.import(pathOf(entry)) };
}

test('a module is evaluated as Node would: TypeScript, JSON, packages, and await at the top level', async () => {
  await write({
    'all/a.ts': `
      import { sep } from 'node:path';
      import { z } from 'zod';
      import data, { rooms } from './data.json';
      import * as lib from './lib.ts';
      export enum Kind { Voice = 'voice' }
      export const seen = { sep, zod: z.string().parse('x'), data, rooms, price: lib.price(), kind: Kind.Voice };
      export const meta = { url: import.meta.url, dirname: import.meta.dirname };
      export default class Agent { #n = 1; n() { return this.#n; } }
      export * from './lib.ts';
      export const later = () => import('./lazy.ts');`,
    'all/data.json': '{ "rooms": 3 }',
    'all/lib.ts':
      'const rate = await Promise.resolve(2); export const price = () => rate as number;',
    'all/lazy.ts': 'export const lazy = true;',
  });
  const { exports } = await evaluate('all/a.ts');
  expect(exports['seen']).toEqual({
    sep: '/',
    zod: 'x',
    data: { rooms: 3 },
    rooms: 3,
    price: 2,
    kind: 'voice',
  });
  expect(exports['meta']).toEqual({
    url: `file://${pathOf('all/a.ts')}`,
    dirname: pathOf('all'),
  });
  expect(Object.keys(exports)).toContain('price');
  const Agent = exports['default'] as new () => { n(): number };
  expect([new Agent().n(), Agent.name]).toEqual([1, 'Agent']);
  expect(await (exports['later'] as () => Promise<unknown>)()).toMatchObject({ lazy: true });
});

test.each<[string, string, unknown]>([
  ['its names', `import { price } from './p.cjs'; export default price;`, 10],
  ['its names as one object', `import * as p from './p.cjs'; export default p.price;`, 10],
  ['module.exports', `import p from './p.cjs'; export default p;`, { price: 10 }],
  ['a name that is passed on', `export { price as default } from './p.cjs';`, 10],
  ['a function', `import f from './f.cjs'; export default f();`, 20],
  ['a name of a function', `import { rate } from './f.cjs'; export default rate;`, 2],
  ['nothing', `import n from './n.cjs'; export default n;`, null],
  ['a name later', `export default (await import('./p.cjs')).price;`, 10],
])('a module of CommonJS is imported as in Node: %s', async (_what, text, expected) => {
  await write({
    'common/a.ts': text,
    'common/p.cjs': 'module.exports = { price: 10 };',
    'common/f.cjs': 'exports = module.exports = () => 20; exports.rate = 2;',
    'common/n.cjs': 'module.exports = null;',
  });
  const { exports } = await evaluate('common/a.ts');
  expect(exports['default']).toEqual(expected);
});

test.each<[string, string, string | undefined]>([
  [
    'that is not there',
    `import { separator } from 'node:path'; export const x = separator;`,
    'separator',
  ],
  ['that is not there, passed on', `export { separator } from 'node:path';`, 'separator'],
  [
    'that is not there, the default one',
    `import z from 'zod/v4/locales'; export default z;`,
    'default',
  ],
  [
    'that is not there, as a member',
    `import * as p from 'node:path'; export const x = p['separator'];`,
    undefined,
  ],
  [
    'that is a type',
    `import { PathLike } from 'node:fs'; export const x: PathLike = '';`,
    undefined,
  ],
  ['that is there', `import { sep } from 'node:path'; export const x = sep;`, undefined],
])('an export of a package %s', async (_what, text, missing) => {
  await write({ 'names/a.ts': text });
  const evaluated = evaluate('names/a.ts');
  if (missing === undefined) await expect(evaluated).resolves.toBeDefined();
  else
    await expect(evaluated).rejects.toThrow(
      new RegExp(`names/a\\.ts: .* does not provide an export named '${missing}'`),
    );
});

test('files behind an alias are modules of their own, shared by all that import them', async () => {
  await write({
    'alias/a.ts': `
      import { counter } from '@/state.ts';
      import { counter as hashed } from '#lib/state.ts';
      import { bump } from './lib/bump.ts';
      import { price } from '@/p.cjs';
      export default [counter.n, bump(), counter.n, hashed === counter, price];`,
    'alias/lib/bump.ts': `import { counter } from './state.ts'; export const bump = () => ++counter.n;`,
    'alias/lib/state.ts': 'export const counter = { n: 0 };',
    'alias/lib/p.cjs': 'exports.price = 10;',
    'alias/package.json': '{ "type": "module", "imports": { "#lib/*": "./lib/*" } }',
    'alias/tsconfig.json': '{ "compilerOptions": { "paths": { "@/*": ["./lib/*"] } } }',
  });
  const { runner, exports } = await evaluate('alias/a.ts');
  expect(exports['default']).toEqual([0, 1, 1, true, 10]);
  await write({ 'alias/lib/state.ts': 'export const counter = { n: 5 };' });
  const next = await evaluate('alias/a.ts', 1, runner);
  expect(next.exports['default']).toEqual([5, 6, 6, true, 10]);
});

test('a path that is computed is found from the file that imports it', async () => {
  await write({
    'computed/a.ts': `
      export const named = (name: string) => import(name);
      export const joined = (name: string) => import('./words/' + name + '.mjs');
      export const builtIn = (name: string) => import(name);
      export const known = () => import('./known.ts');`,
    'computed/known.ts': 'export const answer = "known";',
    'computed/words/one.mjs': 'export const answer = "one";',
    'computed/words/two.mjs': 'export const answer = "two";',
  });
  const { exports } = await evaluate('computed/a.ts');
  const { named, joined, builtIn, known } = exports as Record<
    'named' | 'joined' | 'builtIn' | 'known',
    (name: string) => Promise<Namespace>
  >;
  expect(await named('./words/one.mjs')).toMatchObject({ answer: 'one' });
  expect(await joined('two')).toMatchObject({ answer: 'two' });
  expect(await named('./known.ts')).toBe(await known(''));
  expect(await builtIn('node:path')).toHaveProperty('sep');
});

test('a class of a package is the one that the rest of the process has', async () => {
  await write({
    'same/a.ts': `import { ZodType } from 'zod'; export { ZodType };`,
  });
  const { exports } = await evaluate('same/a.ts');
  expect(exports['ZodType']).toBe((await import('zod')).ZodType);
});

test('modules that import each other are evaluated in the order of Node', async () => {
  await write({
    'circle/a.ts': `import { log } from './log.ts'; import { b } from './b.ts'; log.push('a'); export const a = () => b + 1;`,
    'circle/b.ts': `import { log } from './log.ts'; import { a } from './a.ts'; log.push('b'); export const b = 1; export const viaA = () => a();`,
    'circle/log.ts': 'export const log: string[] = [];',
    'circle/main.ts': `export { a } from './a.ts'; export { viaA } from './b.ts'; export { log } from './log.ts';`,
  });
  const { exports } = await evaluate('circle/main.ts');
  expect(exports['log']).toEqual(['b', 'a']);
  expect((exports['viaA'] as () => number)()).toBe(2);
});

test('only what has changed, and what imports it, is evaluated again', async () => {
  const counting = (name: string, more = '') =>
    `${more} const g = globalThis as any; (g.counted ??= []).push('${name}');`;
  await write({
    'again/main.ts': counting(
      'main',
      `export { price } from './price.ts'; export { db } from './db.ts';`,
    ),
    'again/price.ts': counting('price', `import './rate.ts'; export const price = 1;`),
    'again/rate.ts': counting('rate', 'export const rate = 1;'),
    'again/db.ts': counting('db', 'export const db = {};'),
  });
  const counted = () => {
    const list = Reflect.get(globalThis, 'counted') as string[];
    Reflect.set(globalThis, 'counted', []);
    return list;
  };
  const first = await evaluate('again/main.ts');
  expect(counted()).toEqual(['rate', 'price', 'db', 'main']);

  await write({ 'again/rate.ts': counting('rate', 'export const rate = 2;') });
  const second = await evaluate('again/main.ts', 1, first.runner);
  expect(counted()).toEqual(['rate', 'price', 'main']);
  expect(second.exports['db']).toBe(first.exports['db']);
  expect(second.exports).not.toBe(first.exports);

  // A comment is no change.
  await write({ 'again/rate.ts': `// new\n${counting('rate', 'export const rate = 2;')}` });
  const third = await evaluate('again/main.ts', 2, second.runner);
  expect(counted()).toEqual([]);
  expect(third.exports).toBe(second.exports);
});

test('the code of a state keeps the modules of its own state', async () => {
  await write({
    'own/main.ts': `import { price } from './price.ts'; export const say = () => 'price ' + price();`,
    'own/price.ts': 'export const price = () => 10;',
  });
  const old = await evaluate('own/main.ts');
  await write({ 'own/price.ts': 'export const price = () => 20;' });
  const young = await evaluate('own/main.ts', 1, old.runner);
  const say = (exports: Namespace) => (exports['say'] as () => string)();
  expect([say(old.exports), say(young.exports)]).toEqual(['price 10', 'price 20']);
});

test('stacks name the lines of the sources, in each state, and of an error at the top level', async () => {
  const source = (lines: number) =>
    `${'// a line\n'.repeat(lines)}export const line = ${lines};\ninterface Unused { a: string }\nexport function fail(): never {\n  throw new Error('failed');\n}\n`;
  const graphs: CompiledModule[][] = [];
  for (let generation = 0; generation < 11; generation += 1) {
    await write({ 'stack/a.ts': source(generation) });
    graphs.push([...(await compile('stack/a.ts')).values()]);
  }
  await write({
    'stack/a.ts': `import './b.ts'; export const a = 1;`,
    'stack/b.ts': `\n\nthrow new Error('no database');`,
  });
  graphs.push([...(await compile('stack/a.ts')).values()]);
  // In a process of Node alone: vitest prepares stacks in its own way.
  const program = await write({
    'stack/program.mjs': `
      import { readFileSync } from 'node:fs';
      import { ModuleRunner } from './module-runner.mjs';
      const stacks = [];
      let before;
      const failing = [];
      for (const [generation, modules] of JSON.parse(readFileSync(0, 'utf8')).entries()) {
        before = new ModuleRunner(new Map(modules.map((each) => [each.path, each])), generation, before);
        const exports = await before.import(${JSON.stringify(pathOf('stack/a.ts'))}).catch((error) => ({ fail() { throw error; } }));
        failing.push(exports.fail);
      }
      // Node forgets the map of a script that nobody keeps.
      for (let round = 0; round < 5; round += 1) {
        gc();
        await new Promise((resolve) => setImmediate(resolve));
      }
      for (const fail of failing) try { fail(); } catch (error) { stacks.push(error.stack); }
      console.log(JSON.stringify(stacks));`,
  });
  await esbuild.build({
    entryPoints: [fileURLToPath(new URL('module-runner.ts', import.meta.url))],
    outfile: pathOf('stack/module-runner.mjs'),
    format: 'esm',
    bundle: true,
    platform: 'node',
  });
  const { stdout } = spawnSync(process.execPath, ['--enable-source-maps', '--expose-gc', program], {
    input: JSON.stringify(graphs),
    encoding: 'utf8',
  });
  const places = (JSON.parse(stdout) as string[]).map(
    (stack) => /stack\/(\w\.ts:\d+)/.exec(stack)?.[1],
  );
  expect(places).toEqual([
    ...Array.from({ length: 11 }, (_, generation) => `a.ts:${generation + 4}`),
    'b.ts:3',
  ]);
});
