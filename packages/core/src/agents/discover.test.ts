import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { voice } from '@livekit/agents';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { isOpenRtcError, type OpenRtcError } from '../base/errors.js';
import { agentConfig } from './agent-config.js';
import { discoverAgents, type DiscoverOptions } from './discover.js';

// Inside node_modules of this package, so that the files import the same @livekit/agents as the tests.
const home = fileURLToPath(new URL('../../node_modules/', import.meta.url));
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(home, '.tmp-discover-'));
  await write('package.json', '{"type":"module"}');
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

const sdk = "import { voice } from '@livekit/agents';\n";
const agent = (name: string, more = ''): string =>
  `${sdk}export default class ${name} extends voice.Agent {\n  constructor() { super({ instructions: 'x' }); }\n}\n${more}`;
// Does what agentConfig() does, without importing TypeScript into a JavaScript file.
const mark = (target: string, name: string): string =>
  `Object.defineProperty(${target}, Symbol.for('@openrtc/core:agent-config'), { value: { name: '${name}' } });\n`;

async function write(file: string, text: string): Promise<void> {
  await writeFile(join(dir, file), text);
}

async function failureOf(
  options?: DiscoverOptions,
  path: string | URL = dir,
): Promise<OpenRtcError> {
  const error: unknown = await discoverAgents(path, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isOpenRtcError(error)) throw new Error(`no OpenRtcError: ${String(error)}`);
  expect(error.code).toBe('CONFIG_DISCOVERY');
  return error;
}

describe('discoverAgents', () => {
  it('may find none where agents were found before', async () => {
    expect(await discoverAgents(dir, { mayBeEmpty: true })).toEqual([]);
  });

  it('in a process for calls has the agents of its worker, whatever the directory has now', async () => {
    await write('new.js', 'export default class {');
    const found = await discoverAgents(dir, {
      importer: {
        importModule: async (url) => ({
          default: url.endsWith('/gone.js') ? class Gone extends voice.Agent {} : undefined,
        }),
        foundByWorker: (path) =>
          path === dir ? [{ name: 'shop', sourcePath: join(dir, 'gone.js') }] : undefined,
      },
    });
    expect(found.map(({ name, sourcePath }) => [name, sourcePath])).toEqual([
      ['shop', join(dir, 'gone.js')],
    ]);
  });

  it('finds one agent per file, in the order of the file names', async () => {
    await write('support.js', agent('Support'));
    await write('billing.mjs', agent('Billing'));
    const found = await discoverAgents(dir);
    expect(found.map(({ name, sourcePath }) => [name, sourcePath])).toEqual([
      ['billing', join(dir, 'billing.mjs')],
      ['support', join(dir, 'support.js')],
    ]);
    expect(found[0]?.agent.prototype).toBeInstanceOf(voice.Agent);
    expect(await discoverAgents(pathToFileURL(`${dir}/`))).toEqual(found);
  });

  it('ignores helpers, tests, declarations, hidden files, other file types and subdirectories', async () => {
    await write('sales.js', agent('Sales'));
    for (const file of [
      '_shared.js',
      '.hidden.js',
      'index.js',
      'index.mts',
      'sales.test.js',
      'sales.d.ts',
      'x.d.mts',
      'x.cjs',
      'x.json',
      'x.js.map',
    ]) {
      await write(file, 'throw new Error("imported");');
    }
    await mkdir(join(dir, 'deep.js'));
    await write('deep.js/other.js', 'throw new Error("imported");');
    expect((await discoverAgents(dir)).map(({ name }) => name)).toEqual(['sales']);
  });

  it('prefers the name in agentConfig() to the name of the file', async () => {
    await write('my agent.js', agent('Sales', mark('Sales', 'sales')));
    expect((await discoverAgents(dir)).map(({ name }) => name)).toEqual(['sales']);
  });

  it('recognises a class described by the real agentConfig()', async () => {
    await write('a.js', '');
    class Sales extends voice.Agent {}
    const importModule = async (): Promise<unknown> => ({
      Sales: agentConfig({ name: 'sales' }, Sales),
      Base: class extends voice.Agent {},
    });
    expect(await discoverAgents(dir, { importer: { importModule } })).toMatchObject([
      { name: 'sales', agent: Sales },
    ]);
  });

  it('chooses the default export, then the only agent class, then the marked one', async () => {
    const base = 'export class Base extends voice.Agent {}\n';
    await write('a.js', agent('Chosen', `${base}${mark('Base', 'base')}`));
    await write(
      'b.js',
      `${sdk}export class Chosen extends voice.Agent {}\nexport { Chosen as Again };\nexport const helper = () => new Chosen();\nexport const prompt = 'x';\n`,
    );
    await write(
      'c.js',
      `${sdk}${base}export class Chosen extends Base {}\n${mark('Chosen', 'marked')}`,
    );
    await write(
      'd.js',
      `${sdk}class Chosen extends voice.Agent {}\n${base}${mark('Chosen', 'renamed')}export { Chosen as Sales };\nexport default 'text';\n`,
    );
    const found = await discoverAgents(dir);
    expect(found.map(({ name, agent: found }) => [name, found.name])).toEqual([
      ['a', 'Chosen'],
      ['b', 'Chosen'],
      ['marked', 'Chosen'],
      ['renamed', 'Chosen'],
    ]);
  });

  it('does not inherit the mark of a base class', async () => {
    await write(
      'a.js',
      `${sdk}class Base extends voice.Agent {}\n${mark('Base', 'base')}export class Child extends Base {}\n`,
    );
    expect((await discoverAgents(dir)).map(({ name }) => name)).toEqual(['a']);
  });

  it('follows a symbolic link within the directory', async () => {
    await mkdir(join(dir, 'versions'));
    await write('versions/v2.js', agent('Sales'));
    await symlink('versions/v2.js', join(dir, 'sales.js'));
    expect(await discoverAgents(dir)).toMatchObject([
      { name: 'sales', sourcePath: join(dir, 'versions/v2.js') },
    ]);
  });
});

describe('discoverAgents fails', () => {
  it('with one message that names every bad file and why', async () => {
    await write('good.js', agent('Good'));
    await write('throws.js', 'throw new Error("no API key");');
    await write('syntax.js', 'export default class {');
    await write('missing.js', "import './nowhere.js';");
    await write('nothing.js', 'export const prompt = "x";');
    await write(
      'factory.js',
      `${sdk}export default () => voice.Agent.create({ instructions: 'x' });`,
    );
    await write('instance.js', `${sdk}export default new voice.Agent({ instructions: 'x' });`);
    await write(
      'several.js',
      `${sdk}export class A extends voice.Agent {}\nexport class B extends voice.Agent {}\n`,
    );
    await write(
      'marks.js',
      `${sdk}export class A extends voice.Agent {}\nexport class B extends voice.Agent {}\n${mark('A', 'a')}${mark('B', 'b')}`,
    );
    await write(
      'needs.js',
      `${sdk}export default class Needs extends voice.Agent { constructor(topic) { super({ instructions: topic }); } }`,
    );
    await write('bad name.js', agent('Bad'));
    const { message, cause } = await failureOf();
    const [head, ...lines] = message.split('\n');
    expect(head).toBe(`10 of 11 agent files in ${dir} cannot be used, so none is registered:`);
    const reasons = [
      ['bad name.js', '"bad name" cannot be an agent\'s name'],
      ['factory.js', 'it exports no agent class'],
      ['instance.js', 'it exports an agent instance; export the class'],
      ['marks.js', 'it marks several agent classes with agentConfig() (A, B)'],
      ['missing.js', 'its import failed: '],
      ['needs.js', 'the constructor of Needs needs arguments'],
      ['nothing.js', 'it exports no agent class'],
      [
        'several.js',
        'it exports several agent classes (A, B); make one the default export or mark it',
      ],
      ['syntax.js', 'its import failed: '],
      ['throws.js', 'its import failed: no API key'],
    ];
    expect(lines).toHaveLength(reasons.length);
    reasons.forEach(([file, reason], index) => {
      expect(lines[index]).toMatch(/^ {2}/);
      expect(lines[index]).toContain(`${file}: `);
      expect(lines[index]).toContain(reason);
    });
    expect(cause).toBeInstanceOf(AggregateError);
    expect((cause as AggregateError).errors).toHaveLength(10);
  });

  it('on two agents with the same name', async () => {
    await write('a.js', agent('A', mark('A', 'sales')));
    await write('b.js', agent('B', mark('B', 'sales')));
    expect((await failureOf()).message).toContain(
      `b.js: the name "sales" is already used by ${join(dir, 'a.js')}`,
    );
  });

  it('on a name that the pool already has', async () => {
    await write('sales.js', agent('Sales'));
    const { message } = await failureOf({ existing: new Set(['sales']) });
    expect(message).toContain('sales.js: the name "sales" is already used by the pool');
  });

  it('on a symbolic link to a file outside of the directory, without importing it', async () => {
    await mkdir(join(dir, 'agents'));
    await write('outside.js', 'throw new Error("imported");');
    await symlink('../outside.js', join(dir, 'agents/evil.js'));
    await symlink('nowhere.js', join(dir, 'agents/broken.js'));
    const { message } = await failureOf({}, join(dir, 'agents'));
    expect(message).toContain(
      `evil.js: it links to ${join(dir, 'outside.js')}, outside of the directory`,
    );
    expect(message).toContain('broken.js: ENOENT');
  });

  it('on a file whose import does not finish', async () => {
    await write('slow.js', 'await new Promise(() => {});');
    expect((await failureOf({ importTimeoutMs: 50 })).message).toContain(
      'slow.js: its import did not finish within 50 ms',
    );
  });

  it('on a CommonJS file, whose classes come from the other build of the SDK', async () => {
    await write('package.json', '{"type":"commonjs"}');
    await write(
      'a.js',
      "const { voice } = require('@livekit/agents');\nmodule.exports = class A extends voice.Agent {};",
    );
    await write(
      'b.js',
      "const { voice } = require('@livekit/agents');\nexports.B = class B extends voice.Agent {};",
    );
    const { message } = await failureOf();
    expect(message).toContain('a.js: its agent class comes from another copy of @livekit/agents');
    expect(message).toContain('b.js: its agent class comes from another copy');
  });

  it.each([
    Object.assign(new TypeError('Unknown file extension ".ts"'), {
      code: 'ERR_UNKNOWN_FILE_EXTENSION',
    }),
    // A decorator, once Node has stripped the types.
    new SyntaxError('Invalid or unexpected token'),
  ])('on TypeScript that Node cannot run, with advice: %s', async (error) => {
    await write('sales.ts', '');
    const { message } = await failureOf({
      importer: { importModule: () => Promise.reject(error) },
    });
    expect(message).toContain(`sales.ts: its import failed: ${error.message} (Node `);
    expect(message).toContain('node --import tsx');
  });

  it('on a path that does not exist, is not a directory, or has no agents', async () => {
    expect((await failureOf({}, join(dir, 'nowhere'))).message).toBe(
      `the agents directory ${join(dir, 'nowhere')} does not exist`,
    );
    await write('file.txt', '');
    expect((await failureOf({}, join(dir, 'file.txt'))).message).toContain(
      'is neither a directory nor an agent file (.js, .mjs, .ts, .mts)',
    );
    await mkdir(join(dir, 'empty'));
    expect((await failureOf({}, join(dir, 'empty'))).message).toContain('no agent files in');
  });
});
