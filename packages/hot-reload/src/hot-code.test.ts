import { mkdtempSync, realpathSync } from 'node:fs';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { HotCode } from './hot-code.js';

type AgentClass = Parameters<Awaited<ReturnType<HotCode['load']>>['successor']>[0];
interface Classes {
  readonly default: AgentClass;
  readonly Support: AgentClass;
  readonly Other: AgentClass;
}
type Priced = new () => { price(): number };

let root: string;
let code: HotCode;
let names: string[];

const path = (name: string) => join(root, name);
const write = (name: string, text: string) => writeFile(path(name), text);
const url = (name: string) => pathToFileURL(path(name)).href;

const create = (ofWorker = false) =>
  new HotCode({
    ofWorker,
    compiler: { build: esbuild.build, packages: () => ({ name: 'none', setup() {} }) },
    folder: root,
    agentsBeside: (file) => names.map((name) => join(dirname(file), name)),
  });

beforeEach(async () => {
  root = mkdtempSync(join(realpathSync(tmpdir()), 'openrtc-hot-'));
  names = ['sales.ts', 'support.ts'];
  await write(
    'sales.ts',
    `import { price } from './price.ts'; export default class Sales { price() { return price(); } }`,
  );
  await write('support.ts', 'export class Support {} export class Other {}');
  await write('price.ts', 'export const price = () => 10;');
  code = create();
});

afterEach(async () => {
  delete process.env['OPENRTC_HOT_CODE'];
  await rm(root, { recursive: true, force: true });
});

test('the successor of a class is the one of its name in its file, and the same one if nothing has changed', async () => {
  const { default: Sales } = (await code.importModule(url('sales.ts'))) as Classes;
  const { Support, Other } = (await code.importModule(url('support.ts'))) as Classes;
  await write('price.ts', 'export const price = () => 20;');
  await write('support.ts', 'export class Support {}');
  const compiled = await code.compile();
  expect(compiled.changed.map((file) => basename(file)).sort()).toEqual(['price.ts', 'support.ts']);
  const loaded = await code.load(compiled.code, 1);
  const Next = loaded.successor(Sales) as unknown as Priced;
  expect(new Next().price()).toBe(20);
  expect(Next).not.toBe(Sales);
  expect(loaded.successor(Support)).not.toBe(Support);
  expect(loaded.successor(Other)).toBeUndefined();
  expect(loaded.successor(class {} as never)).toBeUndefined();
  loaded.use();

  const again = await code.compile();
  expect(again.changed).toEqual([]);
  const same = await code.load(again.code, 2);
  expect(same.successor(Next as never)).toBe(Next);
  // A call that has been pinned since the first version.
  expect(same.successor(Sales)).toBe(Next);
});

test('code that is loaded and not used has no effect', async () => {
  const { default: Sales } = (await code.importModule(url('sales.ts'))) as Classes;
  await write('price.ts', 'export const price = () => 20;');
  await code.load((await code.compile()).code, 1);
  expect(await code.importModule(url('sales.ts'))).toMatchObject({ default: Sales });
  expect((await code.compile()).changed).toHaveLength(1);
});

test('a process for calls begins with the code of its worker', async () => {
  await code.importModule(url('sales.ts'));
  await write('price.ts', 'this is not TypeScript');
  const { default: Sales } = (await create(true).importModule(url('sales.ts'))) as Classes;
  expect(new (Sales as unknown as Priced)().price()).toBe(10);
});

test('a process for calls has the agents of its worker, and nothing else that lies beside them', async () => {
  await code.importModule(url('sales.ts'));
  const places = [{ name: 'sales', sourcePath: path('sales.ts') }];
  code.onFound(root, places);
  names.push('billing.ts');
  await write('billing.ts', 'export default class Billing {}');
  await rm(path('sales.ts'));
  const inCalls = create(true);
  expect(inCalls.foundByWorker(root)).toEqual(places);
  expect(await inCalls.importModule(url('sales.ts'))).toHaveProperty('default');
  await expect(inCalls.importModule(url('billing.ts'))).rejects.toThrow(/billing\.ts is not part/);
});

test('a process that begins after many changes has the last code that is used', async () => {
  await code.importModule(url('sales.ts'));
  for (let price = 1; price < 9; price += 1) {
    await write('price.ts', `export const price = () => ${price};`);
    (await code.load((await code.compile()).code, price)).use();
  }
  await write('price.ts', 'export const price = () => 99;');
  await code.load((await code.compile()).code, 9);
  const { default: Sales } = (await create(true).importModule(url('sales.ts'))) as Classes;
  expect(new (Sales as unknown as Priced)().price()).toBe(8);
});

test('an agent that came with a change and whose file is gone goes on with what it imports', async () => {
  await code.importModule(url('support.ts'));
  code.onFound(root, [{ name: 'support', sourcePath: path('support.ts') }]);
  names.push('kiosk.ts');
  await write(
    'kiosk.ts',
    `import { price } from './menu.ts'; export default class Kiosk { price() { return price(); } }`,
  );
  await write('menu.ts', `export { price } from './price.ts';`);
  const places = ['support', 'kiosk'].map((name) => ({ name, sourcePath: path(`${name}.ts`) }));
  const added = await code.load((await code.compile()).code, 1);
  added.use(new Map([[root, places]]));
  await rm(path('kiosk.ts'));
  await rm(path('menu.ts'));
  await write('price.ts', 'export const price = () => 20;');
  const loaded = await code.load((await code.compile()).code, 2);
  loaded.use(new Map([[root, places.slice(0, 1)]]));
  const { default: Kiosk } = (await loaded.importModule(url('kiosk.ts'))) as Classes;
  expect(new (Kiosk as unknown as Priced)().price()).toBe(20);
  expect(create(true).foundByWorker(root)).toEqual(places);
});

test('when the files of all agents are gone, their code is as it was', async () => {
  names = ['support.ts'];
  const { Support } = (await code.importModule(url('support.ts'))) as Classes;
  await rm(path('support.ts'));
  const { code: compiled, changed } = await code.compile();
  expect(changed).toEqual([]);
  expect((await code.load(compiled, 1)).successor(Support)).toBe(Support);
});

test('the only file of a pool is an agent, and not what runs the pool', async () => {
  await code.importOnce(path('support.ts'));
  await code.importModule(url('support.ts'));
  await write('support.ts', 'export class Support {}');
  expect(await code.compile()).toMatchObject({ changed: [path('support.ts')], needRestart: [] });
});

test('a process for calls runs what runs the pool as its worker does, whatever has changed in it', async () => {
  await write(
    'main.ts',
    `import Sales from './sales.ts'; export const options = 'old'; export { Sales };`,
  );
  await code.importOnce(path('main.ts'));
  await write('main.ts', `export const options = 'new';`);
  const { code: compiled, needRestart } = await code.compile();
  expect(needRestart).toEqual([path('main.ts')]);
  (await code.load(compiled, 1)).use();
  expect(await create(true).importOnce(path('main.ts'))).toMatchObject({ options: 'old' });
});

test('a new file beside the agents is part of the code', async () => {
  await code.importModule(url('sales.ts'));
  names.push('billing.ts');
  await write('billing.ts', 'export default class Billing {}');
  const compiled = await code.compile();
  expect(compiled.changed).toEqual([path('billing.ts')]);
  const loaded = await code.load(compiled.code, 1);
  expect(await loaded.importModule(url('billing.ts'))).toHaveProperty('default');
});

test('an agent behind a symbolic link that has changed needs a restart, and the error says so', async () => {
  for (const release of ['one', 'two']) {
    await mkdir(path(release));
    await write(`${release}/shop.ts`, 'export default class Shop {}');
  }
  const current = path('current');
  await symlink(path('one'), current);
  names = ['shop.ts'];
  await code.importModule(url('current/shop.ts'));
  await rm(current);
  await symlink(path('two'), current);
  const loaded = await code.load((await code.compile()).code, 1);
  await expect(loaded.importModule(url('current/shop.ts'))).rejects.toThrow(
    'two/shop.ts is not among the files that were compiled',
  );
});

test('what runs the pool is not run again, and its factories construct the agents of the code in use', async () => {
  Reflect.set(globalThis, 'ran', 0);
  await write(
    'main.ts',
    `import Sales from './sales.ts'; (globalThis as any).ran += 1; export const factory = () => new Sales();`,
  );
  const { factory } = (await code.importOnce(path('main.ts'))) as {
    factory: () => { price(): number };
  };
  expect(factory().price()).toBe(10);
  await write('price.ts', 'export const price = () => 20;');
  const loaded = await code.load((await code.compile()).code, 1);
  expect(factory().price()).toBe(10);
  loaded.use();
  expect(factory().price()).toBe(20);
  expect(Reflect.get(globalThis, 'ran')).toBe(1);
});

test('a module that creates the pool, and those between it and the entry, are not run again', async () => {
  Reflect.set(globalThis, 'ran', []);
  const ran = (name: string) => `globalThis.ran.push('${name}');`;
  await write('core.ts', 'export class AgentPool {}');
  await write(
    'pool.ts',
    `import { AgentPool } from './core.ts'; import Sales from './sales.ts'; import Menu from './menu.ts';
     export const pool = new AgentPool(); export const factory = () => new Sales(); export { Menu }; ${ran('pool')}`,
  );
  // An agent may read what its pool counts.
  await write(
    'menu.ts',
    `import { price } from './price.ts'; import * as all from './pool.ts'; ${ran('menu')}
     export default class Menu { price() { return [price(), typeof all.pool]; } }`,
  );
  await write('server.ts', `export { factory, Menu } from './pool.ts'; ${ran('server')}`);
  await write('main.ts', `export const server = await import('./server.ts'); ${ran('main')}`);
  const { server } = (await code.importOnce(path('main.ts'))) as {
    server: { factory: () => { price(): number }; Menu: AgentClass };
  };
  expect(Reflect.get(globalThis, 'ran')).toEqual(['menu', 'pool', 'server', 'main']);

  await write('price.ts', 'export const price = () => 20;');
  const { code: compiled, needRestart } = await code.compile();
  const loaded = await code.load(compiled, 1);
  expect(needRestart).toEqual([]);
  expect(Reflect.get(globalThis, 'ran')).toEqual(['menu', 'pool', 'server', 'main', 'menu']);
  const Menu = loaded.successor(server.Menu) as unknown as Priced;
  expect(new Menu().price()).toEqual([20, 'object']);
  loaded.use();
  expect(server.factory().price()).toBe(20);

  await write('pool.ts', `import Sales from './sales.ts'; export { Sales };`);
  expect((await code.compile()).needRestart).toEqual([path('pool.ts')]);
});

test('what a file has imported by import() is new for it as well', async () => {
  await write(
    'sales.ts',
    `export default class Sales { async price() { return (await import('./price.ts')).price(); } }`,
  );
  const { default: Sales } = (await code.importModule(url('sales.ts'))) as Classes;
  expect(await (new (Sales as unknown as Priced)().price() as unknown)).toBe(10);
  await write('price.ts', 'export const price = () => 20;');
  const loaded = await code.load((await code.compile()).code, 1);
  const Next = loaded.successor(Sales) as unknown as Priced;
  expect(await (new Next().price() as unknown)).toBe(20);
  expect(await (new (Sales as unknown as Priced)().price() as unknown)).toBe(10);
  // It has been used: one that fails is refused now, and not in a call.
  loaded.use();
  await write('price.ts', `throw new Error('no prices');`);
  await expect(code.load((await code.compile()).code, 2)).rejects.toThrow('no prices');
});

test('a change of what runs the pool is named, because it needs a restart', async () => {
  const main = (price: number) =>
    `import Sales from './sales.ts'; export const ${price > 0 ? 'a' : 'b'} = Sales;`;
  await write('main.ts', main(1));
  await code.importOnce(path('main.ts'));
  expect(await code.compile()).toMatchObject({ changed: [], needRestart: [] });
  code.startOver();
  expect((await code.compile()).needRestart).toEqual([]);
  await write('main.ts', main(0));
  expect((await code.compile()).needRestart).toEqual([path('main.ts')]);
});

test('a module whose top level fails, and a file that cannot be compiled, leave the code in use', async () => {
  const { default: Sales } = (await code.importModule(url('sales.ts'))) as Classes;
  await write('price.ts', `throw new Error('no database');`);
  const compiled = await code.compile();
  await expect(code.load(compiled.code, 1)).rejects.toThrow('no database');
  await write('price.ts', 'export const price = (');
  await expect(code.compile()).rejects.toThrow(/price\.ts:1:/);
  expect(await code.importModule(url('sales.ts'))).toMatchObject({ default: Sales });
  await write('price.ts', 'export const price = () => 30;');
  const loaded = await code.load((await code.compile()).code, 2);
  const Next = loaded.successor(Sales) as unknown as Priced;
  expect(new Next().price()).toBe(30);
});

test('a module whose top level never ends is given up, by its name, and leaves the code in use', async () => {
  const { default: Sales } = (await code.importModule(url('sales.ts'))) as Classes;
  await write('price.ts', 'await new Promise(() => {}); export const price = () => 20;');
  const { code: compiled } = await code.compile();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const loading = expect(code.load(compiled, 1)).rejects.toThrow(/price\.ts.*waits.*30 s/);
    await vi.advanceTimersByTimeAsync(30_000);
    await loading;
  } finally {
    vi.useRealTimers();
  }
  expect(await code.importModule(url('sales.ts'))).toMatchObject({ default: Sales });
});

test('after a change of what the agents read themselves all files are evaluated again', async () => {
  const { Support } = (await code.importModule(url('support.ts'))) as Classes;
  code.startOver();
  const compiled = await code.compile();
  const loaded = await code.load(compiled.code, 1);
  expect(loaded.successor(Support)).not.toBe(Support);
  loaded.use();
  const same = await code.load((await code.compile()).code, 2);
  const Next = loaded.successor(Support);
  expect(same.successor(Next as never)).toBe(Next);
});

test('old code is deleted from the folder', async () => {
  await code.importModule(url('sales.ts'));
  for (let price = 0; price < 20; price += 1) {
    await write('price.ts', `export const price = () => ${price};`);
    (await code.load((await code.compile()).code, price + 1)).use();
  }
  const kept = (await readdir(root)).filter((name) => name.startsWith('code-'));
  expect(kept.length).toBeLessThan(8);
});

test('the agents of a module that waits for its pool have successors while it waits', async () => {
  await write(
    'main.ts',
    `import Sales from './sales.ts'; (globalThis as any).sales = Sales; await new Promise(() => {});`,
  );
  Reflect.deleteProperty(globalThis, 'sales');
  void code.importOnce(path('main.ts'));
  const Sales = await vi.waitUntil(() => Reflect.get(globalThis, 'sales') as AgentClass);
  await write('price.ts', 'export const price = () => 20;');
  const loaded = await code.load((await code.compile()).code, 1);
  const Next = loaded.successor(Sales) as unknown as Priced;
  expect(new Next().price()).toBe(20);
});

test('what an import did not find is named until it is there', async () => {
  await code.importModule(url('sales.ts'));
  await write('price.ts', `export { price } from './late/tax.js';`);
  await expect(code.compile()).rejects.toThrow(/tax/);
  expect(code.missing).toEqual([path('late/tax.js')]);
  await mkdir(path('late'));
  await write('late/tax.js', 'export const price = () => 12;');
  await code.compile();
  expect(code.missing).toEqual([]);
});
