import { mkdir, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { fixture } from '../cli-process.fixture.js';
import { TestFolder } from '../test-folder.fixture.js';
import { TestWorkers } from '../test-workers.fixture.js';
import { agentSource } from './agent-project.fixture.js';

let project: TestFolder;
let elsewhere: TestFolder;
let workers: TestWorkers;

beforeEach(async () => {
  [project, elsewhere] = await Promise.all([TestFolder.create(), TestFolder.create()]);
  workers = await TestWorkers.create();
  for (const name of ['core', 'isolation-coroutine', 'isolation-process'])
    await link(`@openrtc/${name}`);
  await link('@livekit/agents');
  await project.write('package.json', '{ "type": "module" }');
  await project.write('agents/a.js', agentSource('A'));
  const pool = `import { AgentPool } from '@openrtc/core';\nimport A from './agents/a.js';\nconst pool = new AgentPool({ agents: { a: A } });\n`;
  await project.write('pool.js', `${pool}export default pool;\n`);
  await project.write('main.js', `${pool}await pool.run();\n`);
});

afterEach(async () => {
  await workers[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
  await elsewhere[Symbol.asyncDispose]();
});

async function link(name: string): Promise<void> {
  const path = project.of(`node_modules/${name}`);
  await mkdir(dirname(path), { recursive: true });
  await symlink(fixture(`../../node_modules/${name}`), path);
}

/** Installs models that say where they come from. */
async function installModels(folder: TestFolder, place: string): Promise<void> {
  const path = 'node_modules/@openrtc/prewarm';
  const exports = { '.': { default: './index.js' }, './package.json': './package.json' };
  await folder.write(`${path}/package.json`, JSON.stringify({ type: 'module', exports }));
  await folder.write(
    `${path}/index.js`,
    `console.error('models of the ${place}');
export const models = () => ({
  executor: { doInference: async () => ({}) },
  turnDetector: false,
  async load() {},
  async [Symbol.asyncDispose]() {},
});
`,
  );
}

test.each([
  { what: "a pool's module", path: 'pool.js', in: ['project'], from: 'project' },
  { what: 'a directory of agents', path: 'agents', in: ['project'], from: 'project' },
  { what: "an agent's file", path: 'agents/a.js', in: ['project'], from: 'project' },
  { what: 'a module that runs its pool', path: 'main.js', in: ['project'], from: 'project' },
  {
    what: 'a module whose calls run in processes',
    path: 'pool.js',
    flags: ['--isolation', 'process'],
    in: ['project'],
    from: 'project',
  },
  {
    what: 'the project before the current directory',
    path: 'pool.js',
    in: ['project', 'current directory'],
    from: 'project',
  },
  {
    what: 'the current directory when the project has none',
    path: 'pool.js',
    in: ['current directory'],
    from: 'current directory',
  },
  {
    what: 'an own entry',
    entry: 'main.js',
    in: ['project', 'current directory'],
    from: 'project',
  },
  {
    what: 'the current directory of an own entry',
    entry: 'main.js',
    in: ['current directory'],
    from: 'current directory',
  },
])(
  'with a command that is installed elsewhere, the models are those of $what',
  async ({ path, entry, flags = [], in: places, from }) => {
    if (places.includes('project')) await installModels(project, 'project');
    if (places.includes('current directory')) await installModels(elsewhere, 'current directory');
    const args = path === undefined ? [] : ['start', project.of(path), ...flags];
    const { child, ended, says } = workers.start(args, {
      cwd: elsewhere.path,
      ...(entry === undefined ? {} : { entry: project.of(entry) }),
    });
    await says(/registered with LiveKit/);
    child.kill('SIGTERM');
    const { code, stderr } = await ended;
    expect(new Set(stderr.match(/models of the .*/g))).toEqual(new Set([`models of the ${from}`]));
    expect(code).toBe(0);
  },
);
