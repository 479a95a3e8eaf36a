import { voice } from '@livekit/agents';
import { symlink } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';

import { discoverAgents } from './discover.js';
import { ModuleFolder, agentSource } from './files.fixture.js';

let folder: ModuleFolder;

afterEach(() => folder[Symbol.asyncDispose]());

/** Imports as Node does. The loader of the tests knows more kinds of files. */
function importModule(url: string): Promise<unknown> {
  const error = Object.assign(new TypeError('Unknown file extension'), {
    code: 'ERR_UNKNOWN_FILE_EXTENSION',
  });
  if (url.endsWith('.cts'))
    return Promise.reject(new SyntaxError('Cannot use import statement outside a module'));
  return url.endsWith('x') ? Promise.reject(error) : import(url);
}

async function discovered(files: Readonly<Record<string, string>>, path = '') {
  folder = await ModuleFolder.of(files);
  const warnings: string[] = [];
  const found = await discoverAgents(folder.of(path), {
    importer: { importModule },
    warn: (text) => void warnings.push(text),
  });
  return { names: found.map(({ name }) => name), warnings };
}

const COMMONJS = "const { voice } = require('@livekit/agents');\nexports.A = class {};\n";

describe('what looks like an agent and is not read', () => {
  it.each([
    { what: 'a CommonJS file', files: { 'old.cjs': COMMONJS }, named: 'old.cjs (CommonJS' },
    {
      what: 'JSX without a loader',
      files: { 'view.tsx': agentSource('A'), 'form.jsx': agentSource('B') },
      named: 'form.jsx, view.tsx (Node ',
    },
    {
      what: 'CommonJS in TypeScript, without a compiler',
      files: { 'old.cts': agentSource('A') },
      named: 'old.cts (Node ',
    },
    {
      what: 'agents in a sub-folder',
      files: { 'team/sales.js': agentSource('A'), 'more/index.ts': agentSource('B') },
      named: 'more/, team/ (agents in a sub-folder',
    },
    {
      what: 'agents in folders of a sub-folder',
      files: { 'team/emea/berlin/sales.js': agentSource('A') },
      named: 'team/ (agents in a sub-folder',
    },
    {
      what: "LiveKit's own form of an agent in a sub-folder",
      files: {
        'starter/main.ts': "import { defineAgent } from 'x';\nexport default defineAgent({});",
      },
      named: 'starter/ (agents',
    },
  ])('$what is named in one warning', async ({ files, named }) => {
    const { names, warnings } = await discovered({ 'a.js': agentSource('A'), ...files });
    expect(names).toEqual(['a']);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`agents in ${folder.path}: not read: ${named}`);
    expect(warnings[0]).toContain('begin with "_"');
  });

  it('a link to a folder is a folder', async () => {
    folder = await ModuleFolder.of({
      'agents/a.js': agentSource('A'),
      'team/b.js': agentSource('B'),
    });
    await symlink('../team', folder.of('agents/linked'));
    const warnings: string[] = [];
    await discoverAgents(folder.of('agents'), { warn: (text) => void warnings.push(text) });
    expect(warnings).toEqual([expect.stringContaining('linked/ (agents in a sub-folder')]);
  });

  it('all of it is one warning', async () => {
    const { warnings } = await discovered({
      'a.js': agentSource('A'),
      'old.cjs': COMMONJS,
      'view.tsx': agentSource('B'),
      'team/sales.js': agentSource('C'),
    });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/view\.tsx .*; old\.cjs .*; team\//);
  });

  it('is in the error when there is nothing else', async () => {
    await expect(discovered({ 'team/a.js': agentSource('A'), 'b.jsx': '' })).rejects.toThrow(
      /no agent files in .*; not read: b\.jsx \(.*; team\//,
    );
  });

  it.each([
    ['helpers in a sub-folder', { 'lib/db.js': 'export const db = 1;' }],
    ['a sub-folder that begins with "_"', { '_base/base.js': agentSource('Base') }],
    ['installed packages', { 'node_modules/x/agent.js': agentSource('X') }],
    ['tests of agents', { 'tests/a.test.js': agentSource('A') }],
    ['data', { 'menu.json': '{}', 'menu.txt': 'class A extends voice.Agent' }],
    ['declarations', { 'a.d.cts': '', 'b.d.mts': '', 'c.d.ts': '' }],
    ['files that begin with "_"', { '_old.cjs': COMMONJS, '_view.tsx': '' }],
  ])('%s are not worth a warning', async (_what, files) => {
    const { names, warnings } = await discovered({ 'a.js': agentSource('A'), ...files });
    expect(names).toEqual(['a']);
    expect(warnings).toEqual([]);
  });
});

it.each(['view.tsx', 'form.jsx', 'old.cts', 'new.mts'])(
  '%s is read where it can be imported',
  async (name) => {
    folder = await ModuleFolder.of({ [name]: '' });
    class Sales extends voice.Agent {}
    const importModule = async () => ({ default: Sales });
    const found = await discoverAgents(folder.path, { importer: { importModule } });
    expect(found.map((agent) => agent.name)).toEqual([name.slice(0, -4)]);
  },
);

describe('a single file', () => {
  it('is a directory with one agent', async () => {
    const { names, warnings } = await discovered(
      { 'a.js': agentSource('A'), 'b.js': 'throw new Error("imported");', 'c.cjs': '' },
      'a.js',
    );
    expect(names).toEqual(['a']);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['old.cjs', 'is neither a directory nor an agent file: CommonJS'],
    ['menu.txt', 'is neither a directory nor an agent file (.js'],
    ['gone.js', 'does not exist'],
  ])('%s: %s', async (name, says) => {
    await expect(discovered({ 'old.cjs': COMMONJS, 'menu.txt': '' }, name)).rejects.toMatchObject({
      code: 'CONFIG_DISCOVERY',
      message: expect.stringContaining(says),
    });
  });
});

it.each([
  [
    'defineAgent',
    "import { defineAgent } from '@livekit/agents';\nexport default defineAgent({ entry: async () => {} });",
    "it exports defineAgent({ entry }), a program for LiveKit's own worker. Here a file exports a class",
  ],
  [
    'a missing key of AgentServer',
    "import { AgentServer, ServerOptions, initializeLogger } from '@livekit/agents';\ninitializeLogger({ pretty: false, level: 'silent' });\nnew AgentServer(new ServerOptions({ agent: 'x', wsURL: '' }));",
    "remove LiveKit's own, `new AgentServer(…)`",
  ],
])("a file of LiveKit's own worker is told what to change: %s", async (_what, text, says) => {
  await expect(discovered({ 'a.js': text })).rejects.toThrow(says);
});
