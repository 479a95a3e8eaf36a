import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbeddedLiveKit } from '@openrtc/core/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type CliOptions, fixture, runCli, startCli } from '../cli-process.fixture.js';

const packageFolder = fileURLToPath(new URL('../..', import.meta.url));

let project: string;
let command: CliOptions;

/** A project in which the command is installed as from npm, and esbuild is not. */
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'openrtc-light-'));
  const installed = join(project, 'node_modules/@openrtc/cli');
  for (const part of ['bin', 'dist', 'package.json'])
    await cp(join(packageFolder, part), join(installed, part), { recursive: true });
  const { dependencies, peerDependencies } = JSON.parse(
    await readFile(join(packageFolder, 'package.json'), 'utf8'),
  ) as Readonly<Record<'dependencies' | 'peerDependencies', object>>;
  const names = Object.keys({ ...dependencies, ...peerDependencies, '@livekit/agents': '' });
  for (const name of names) if (name !== 'esbuild') await link(name);
  await put('package.json', '{ "type": "module" }');
  await cp(fixture('javascript/greeter.js'), join(project, 'javascript/greeter.js'));
  await put('typescript/typed.ts', 'const word: string = "compiled";\nthrow new Error(word);\n');
  await put('typescript/other.ts', 'export {};\n');
  command = { entry: join(installed, 'bin/openrtc.js') };
});

afterAll(() => rm(project, { recursive: true }));

async function link(name: string): Promise<void> {
  const path = join(project, 'node_modules', name);
  await mkdir(dirname(path), { recursive: true });
  await symlink(join(packageFolder, 'node_modules', name), path);
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(project, path)), { recursive: true });
  await writeFile(join(project, path), text);
}

test('a worker with JavaScript agents starts without esbuild', async () => {
  const livekit = await startEmbeddedLiveKit();
  const { url, apiKey, apiSecret } = livekit;
  const worker = startCli(['start', join(project, 'javascript')], {
    ...command,
    env: { LIVEKIT_URL: url, LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret },
  });
  try {
    await worker.says(/registered with LiveKit/);
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0, stderr: '' });
  } finally {
    worker.child.kill('SIGKILL');
    await worker.ended;
    await livekit.close();
  }
});

test.each(['typescript', 'typescript/typed.ts'])(
  'without esbuild, %s is one line that says how to get it',
  async (path) => {
    const { code, stdout, stderr } = await runCli(['start', join(project, path)], command);
    expect(stderr).toBe(
      `openrtc: the TypeScript files in ${join(project, 'typescript')} need esbuild, which is not installed: npm install --save-dev esbuild [CONFIG_DISCOVERY]\n`,
    );
    expect(stdout).toBe('');
    expect(code).toBe(2);
  },
);

test("the project's own esbuild compiles its agents, and JavaScript agents do not load it", async () => {
  await put(
    'node_modules/esbuild/package.json',
    '{ "name": "esbuild", "version": "0.28.2", "main": "main.cjs" }',
  );
  const real = JSON.stringify(join(packageFolder, 'node_modules/esbuild'));
  await put(
    'node_modules/esbuild/main.cjs',
    `console.error('esbuild is loaded');\nexports.build = (options) => require(${real}).build(options);\n`,
  );
  const [javascript, typescript] = await Promise.all(
    ['javascript', 'typescript/typed.ts'].map((path) =>
      runCli(['list', join(project, path)], command),
    ),
  );
  expect(javascript).toMatchObject({ code: 0, stderr: '' });
  expect(typescript?.stderr).toMatch(/^esbuild is loaded\nopenrtc: .*typed\.ts cannot be imported/);
  expect(typescript?.stderr).toContain('compiled');
});
