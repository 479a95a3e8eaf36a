import { afterEach, describe, expect, test } from 'vitest';

import { runCli, startCli } from '../cli-process.fixture.js';
import type { TestFolder } from '../test-folder.fixture.js';
import { agentProject, agentSource } from './agent-project.fixture.js';

let folder: TestFolder;

afterEach(() => folder[Symbol.asyncDispose]());

/** The first word of each line that `list` prints. */
const namesIn = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => line.split(':')[0]);

describe.each(['js', 'ts'])('in .%s files', (ext) => {
  test('a mistake is reported with file, line, column, and the files that import it', async () => {
    folder = await agentProject({
      [`agents/deep.${ext}`]: "import '../lib/one.js';\n",
      [`lib/one.${ext}`]: "import './two.js';\n",
      [`lib/two.${ext}`]: "const a = 1;\nexport {};\nthrow new Error('boom');\n",
      [`agents/syntax.${ext}`]: "import '../lib/bad.js';\n",
      [`lib/bad.${ext}`]: 'export const a = 1;\nexport const = 2;\n',
    });
    const { code, stderr } = await runCli(['list', folder.of('agents')]);
    const by = [`lib/one.${ext}`, `agents/deep.${ext}`].map(
      (name) => `, imported by ${folder.of(name)}`,
    );
    expect(stderr).toContain(
      `deep.${ext}: its import failed: boom (at ${folder.of(`lib/two.${ext}`)}:3:7${by.join('')})`,
    );
    expect(stderr).toMatch(
      new RegExp(`lib/bad\\.${ext}:2:14.*imported by .*agents/syntax\\.${ext}\\)`),
    );
    expect(code).toBe(2);
  });

  test("the same for a pool's module", async () => {
    folder = await agentProject({
      [`pool.${ext}`]: "import './lib.js';\n",
      [`lib.${ext}`]: "const a = 1;\nthrow new Error('boom');\n",
    });
    const { code, stderr } = await runCli(['list', folder.of(`pool.${ext}`)]);
    expect(stderr).toBe(
      `openrtc: ${folder.of(`pool.${ext}`)} cannot be imported: boom (at ${folder.of(`lib.${ext}`)}:2:7, imported by ${folder.of(`pool.${ext}`)})\n`,
    );
    expect(code).toBe(2);
  });

  test('an option of a pool that is wrong is reported with its place and its code', async () => {
    folder = await agentProject({
      [`pool.${ext}`]:
        "import { AgentPool } from '@openrtc/core';\nexport default new AgentPool({ maxConcurrentSessions: -1 });\n",
    });
    const { code, stderr } = await runCli(['list', folder.of(`pool.${ext}`)]);
    expect(stderr).toMatch(
      /^openrtc: AgentPool: maxConcurrentSessions .* \(at .*pool\.\w+:2:16\) \[CONFIG_INVALID_OPTION\]\n$/,
    );
    expect(code).toBe(2);
  });

  test('a file that waits for ever is named', async () => {
    folder = await agentProject({
      [`agents/slow.${ext}`]: "import '../lib/db.js';\n",
      [`lib/db.${ext}`]: 'await new Promise(() => {});\n',
    });
    const verbs = [folder.of('agents'), folder.of(`agents/slow.${ext}`)].map((path) =>
      startCli(['list', path]),
    );
    try {
      for (const { says } of verbs)
        expect((await says(/openrtc: the import of .*/))[0]).toContain(
          `slow.${ext} is not done after 3 s: something at the top level of ${folder.of(`lib/db.${ext}`)} waits`,
        );
    } finally {
      for (const { child } of verbs) child.kill('SIGKILL');
      await Promise.all(verbs.map(({ ended }) => ended));
    }
  });
});

test('.cts, .tsx and .jsx are read, and what is not read is named once', async () => {
  folder = await agentProject({
    'agents/a.cts': agentSource('A'),
    'agents/b.tsx': agentSource(
      'B',
      'const React = { createElement: (tag: string) => tag };\nexport const view = <b />;\n',
    ),
    'agents/c.jsx': agentSource('C'),
    'agents/old.cjs': 'exports.a = 1;',
    'agents/team/sales.ts': agentSource('Sales'),
    'agents/lib/db.ts': 'export const db = 1;',
  });
  const { code, stdout, stderr } = await runCli(['list', folder.of('agents'), '--plain']);
  expect(stderr).toMatch(/^openrtc: agents in .*: not read: old\.cjs \(.*; team\/ \(.*\n$/);
  expect(stderr).not.toContain('lib/');
  expect(namesIn(stdout)).toEqual(['a', 'b', 'c']);
  expect(code).toBe(0);
});

describe('one file', () => {
  test.each(['support.js', 'support.ts'])('%s is a directory with one agent', async (name) => {
    folder = await agentProject({
      [`agents/${name}`]: agentSource('Support'),
      'agents/other.js': 'throw new Error("imported");',
    });
    const path = folder.of(`agents/${name}`);
    const [list, call] = await Promise.all([
      runCli(['list', path, '--plain']),
      runCli(['console', path], { input: 'hi\n' }),
    ]);
    expect(list).toMatchObject({ code: 0, stderr: '' });
    expect(namesIn(list.stdout)).toEqual(['support']);
    expect(call.stdout).toContain('agent: I am Support.\nagent: You said: hi\n');
    expect(call.code).toBe(0);
  });

  const pool = (how: string) => `import { AgentPool } from '@openrtc/core';\n${how}`;

  test('that exports its pool by default may export an agent too', async () => {
    folder = await agentProject({
      'pool.js':
        agentSource('A').replace('export default', 'export const B =') +
        pool('const pool = new AgentPool({ agents: { mine: B } });\nexport default pool;\n'),
    });
    const { stdout, stderr } = await runCli(['list', folder.of('pool.js'), '--plain']);
    expect(stderr).toBe('');
    expect(namesIn(stdout)).toEqual(['mine']);
  });

  test.each([
    {
      what: 'a pool and an agent',
      text: agentSource('A', pool('export const pool = new AgentPool();\n')),
      says: 'exports both a pool and an agent: make the pool the default export',
    },
    {
      what: 'neither a pool nor an agent',
      text: 'export const answer = 42;\n',
      says: 'exports no pool (`export default new AgentPool(…)`), and no agent that can be used: file.js: it exports no agent class',
    },
    {
      what: 'an agent that cannot be used',
      text: "import { voice } from '@livekit/agents';\nexport class A extends voice.Agent { constructor(topic) { super({ instructions: topic }); } }\n",
      says: 'the constructor of A needs arguments',
    },
  ])('with $what is an error', async ({ text, says }) => {
    folder = await agentProject({ 'file.js': text });
    const { code, stderr, stdout } = await runCli(['start', folder.of('file.js')]);
    expect(stderr).toContain(`openrtc: ${folder.of('file.js')} `);
    expect(stderr).toContain(says);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});
