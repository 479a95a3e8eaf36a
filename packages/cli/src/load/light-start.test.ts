import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type CliOptions, fixture, runCli } from '../cli-process.fixture.js';
import { TestFolder } from '../test-folder.fixture.js';
import { TestWorkers } from '../test-workers.fixture.js';

const packageFolder = fileURLToPath(new URL('../..', import.meta.url));

let project: TestFolder;
let command: CliOptions;

/** A project in which the command is installed as from npm, and esbuild is not. */
beforeAll(async () => {
  project = await TestFolder.create();
  const installed = project.of('node_modules/@openrtc/cli');
  for (const part of ['bin', 'dist', 'package.json'])
    await cp(join(packageFolder, part), join(installed, part), { recursive: true });
  const { dependencies, peerDependencies } = JSON.parse(
    await readFile(join(packageFolder, 'package.json'), 'utf8'),
  ) as Readonly<Record<'dependencies' | 'peerDependencies', object>>;
  const names = Object.keys({ ...dependencies, ...peerDependencies, '@livekit/agents': '' });
  for (const name of names) if (name !== 'esbuild') await link(name);
  await project.write('package.json', '{ "type": "module" }');
  await cp(fixture('javascript/greeter.js'), project.of('javascript/greeter.js'));
  await project.write(
    'typescript/typed.ts',
    'const word: string = "compiled";\nthrow new Error(word);\n',
  );
  await project.write('typescript/other.ts', 'export {};\n');
  command = { entry: join(installed, 'bin/openrtc.js'), cwd: project.path };
});

afterAll(() => project[Symbol.asyncDispose]());

async function link(name: string): Promise<void> {
  const path = project.of(`node_modules/${name}`);
  await mkdir(dirname(path), { recursive: true });
  await symlink(join(packageFolder, 'node_modules', name), path);
}

test('a worker with JavaScript agents starts without esbuild', async () => {
  const workers = await TestWorkers.create();
  try {
    const worker = workers.start(['start', project.of('javascript')], command);
    await worker.says(/registered with LiveKit/);
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0, stderr: '' });
  } finally {
    await workers[Symbol.asyncDispose]();
  }
});

test('dev starts JavaScript agents without esbuild, and says what it takes to reload them', async () => {
  const workers = await TestWorkers.create();
  try {
    const worker = workers.start(['dev', project.of('javascript')], command);
    await worker.says(/registered with LiveKit/);
    worker.child.kill('SIGTERM');
    const { code, stdout, stderr } = await worker.ended;
    expect(stdout).toMatch(
      /agents are not reloaded .*npm install --save-dev @openrtc\/hot-reload esbuild/,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  } finally {
    await workers[Symbol.asyncDispose]();
  }
});

test.each(['--reloadable', '--watch'])('start %s needs what reloads', async (flag) => {
  const { code, stderr } = await runCli(['start', project.of('javascript'), flag], command);
  expect(stderr).toBe(
    `openrtc: ${flag} needs @openrtc/hot-reload and esbuild: npm install --save-dev @openrtc/hot-reload esbuild\n`,
  );
  expect(code).toBe(2);
});

test.each(['typescript', 'typescript/typed.ts'])(
  'without esbuild, %s is one line that says how to get it',
  async (path) => {
    const { code, stdout, stderr } = await runCli(['start', project.of(path)], command);
    expect(stderr).toBe(
      `openrtc: the TypeScript files in ${project.of('typescript')} need esbuild, which is not installed: npm install --save-dev esbuild [CONFIG_DISCOVERY]\n`,
    );
    expect(stdout).toBe('');
    expect(code).toBe(2);
  },
);

test("the project's own esbuild compiles its agents, and JavaScript agents do not load it", async () => {
  await project.write(
    'node_modules/esbuild/package.json',
    '{ "name": "esbuild", "version": "0.28.2", "main": "main.cjs" }',
  );
  const real = JSON.stringify(join(packageFolder, 'node_modules/esbuild'));
  await project.write(
    'node_modules/esbuild/main.cjs',
    `console.error('esbuild is loaded');\nexports.build = (options) => require(${real}).build(options);\n`,
  );
  const [javascript, typescript] = await Promise.all(
    ['javascript', 'typescript/typed.ts'].map((path) =>
      runCli(['list', project.of(path)], command),
    ),
  );
  expect(javascript).toMatchObject({ code: 0, stderr: '' });
  expect(typescript?.stderr).toMatch(/^esbuild is loaded\nopenrtc: .*typed\.ts cannot be imported/);
  expect(typescript?.stderr).toContain('compiled');
});
