import { type EmbeddedLiveKit, startEmbeddedLiveKit } from '@openrtc/core/testing';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { compileUserCode } from './compile-user-code.js';
import { exampleIn, sourceIn } from './example.js';
import { packedProject, type PackedProject } from './packed-project.js';
import { pageWith, readPages } from './pages.js';
import { runExample, type RunningExample } from './running-example.js';

const PACKAGES = [
  'packages/cli',
  'packages/core',
  'packages/hot-reload',
  'packages/isolation-coroutine',
  'packages/isolation-process',
  'packages/prewarm',
];

let project: PackedProject;
let pages: readonly string[];
let livekit: EmbeddedLiveKit | undefined;
let example: RunningExample | undefined;

beforeAll(async () => {
  project = await packedProject(PACKAGES);
  pages = await readPages();
}, 300_000);

afterEach(async () => {
  await example?.[Symbol.asyncDispose]();
  await livekit?.close();
});

afterAll(() => project?.[Symbol.asyncDispose]());

/** The code of a documented example, as JavaScript. */
const exampleOf = (name: string): string => exampleIn(pageWith(pages, name), name);

/** An agent that answers with its version. */
const shop = (version: string): string => `
import { voice } from '@livekit/agents';
import { EchoLLM } from '@openrtc/core/testing';
export default class Shop extends voice.Agent {
  constructor() {
    super({ instructions: 'x', llm: new EchoLLM() });
  }
  override async llmNode(): Promise<any> {
    return new ReadableStream({ start(c) { c.enqueue('${version}'); c.close(); } });
  }
}
`;

/** Runs `openrtc dev` on an agent; resolves when it has registered. */
async function startDev(server: EmbeddedLiveKit, version: string): Promise<RunningExample> {
  await mkdir(join(project.folder, 'hot'), { recursive: true });
  await project.write('hot/shop.ts', shop(version));
  const command = join(project.folder, 'node_modules/@openrtc/cli/bin/openrtc.js');
  const dev = runExample(command, project.folder, server, ['dev', './hot']);
  await server.until(({ workers }) => workers.length === 1, 30_000);
  return dev;
}

describe('the packages, packed and installed with npm', () => {
  it('import beside the SDK, and find one copy of it', async () => {
    const output = await project.node(`
      const [agents, core, coroutine, { models }] = await Promise.all([
        '@livekit/agents', '@openrtc/core', '@openrtc/isolation-coroutine', '@openrtc/prewarm',
      ].map((name) => import(name)));
      const shared = models();
      await shared.load(new AbortController().signal);
      const error = await shared.executor.doInference('none', {}).catch((reason) => reason);
      console.log(JSON.stringify([shared.turnDetector, core.isOpenRtcError(error)]));
    `);
    expect(JSON.parse(output)).toEqual([true, true]);
    const copies = await project.node(`
      import { execFileSync } from 'node:child_process';
      const found = execFileSync('npm', ['ls', '--all', '--parseable', '@livekit/agents']);
      console.log(new Set(String(found).trim().split('\\n')).size);
    `);
    expect(copies.trim()).toBe('1');
  }, 60_000);

  it('have types that the strictest settings of a user compile with', async () => {
    expect(await compileUserCode(project.folder)).toEqual([]);
  }, 120_000);

  it("run the README's first example: two agents answer, each its own call, and SIGTERM ends it", async () => {
    livekit = await startEmbeddedLiveKit();
    const main = await project.write('main.js', exampleOf('quickstart'));
    example = runExample(main, project.folder, livekit);
    await livekit.until(({ workers }) => workers.length === 1, 30_000);

    const support = await livekit.call({ room: 'support-42' });
    expect(await support.nextReply()).toBe('How can I help?');
    expect(await support.say('hello')).toBe('You said: hello');
    const restaurant = await livekit.call({ room: 'any', metadata: { agent: 'restaurant' } });
    expect(await restaurant.nextReply()).toBe('Welcome to reservations.');
    for (const call of [support, restaurant]) {
      call.hangUp();
      expect(await call.ended).toEqual({ status: 'success', error: '' });
    }
    expect(await example.stop(), example.output()).toBe(0);
  }, 90_000);

  it('run the same example with its calls in processes of their own, one line changed', async () => {
    livekit = await startEmbeddedLiveKit();
    const quickstart = exampleOf('quickstart');
    const main = await project.write(
      'processes.js',
      `import { processes } from '@openrtc/isolation-process';\n${quickstart.replace('new AgentPool({', 'new AgentPool({ isolation: processes(),')}`,
    );
    example = runExample(main, project.folder, livekit);
    await livekit.until(({ workers }) => workers.length === 1, 30_000);
    const call = await livekit.call({ room: 'support-42', joinTimeoutMs: 30_000 });
    expect(await call.nextReply()).toBe('How can I help?');
    expect(await call.say('hello')).toBe('You said: hello');
    call.hangUp();
    expect(await call.ended).toEqual({ status: 'success', error: '' });
    expect(await example.stop(), example.output()).toBe(0);
  }, 90_000);

  it('run the documented example of registering agents', async () => {
    await mkdir(join(project.folder, 'agents'), { recursive: true });
    await project.write('agents/dentist.js', exampleOf('agent-file'));
    const main = await project.write('agents.js', exampleOf('agents'));
    const output = await project.node(`await import(${JSON.stringify(main)});`);
    expect(output.trim()).toBe('restaurant, booking, dentist');
  }, 60_000);

  it("have the command talk to the README's agent, which is one TypeScript file", async () => {
    await mkdir(join(project.folder, 'typed'), { recursive: true });
    await project.write(
      'typed/support.ts',
      sourceIn(pageWith(pages, 'command-agent'), 'command-agent'),
    );
    const output = await project.node(`
      import { execFileSync } from 'node:child_process';
      const args = ['--no-install', 'openrtc', 'console', './typed'];
      console.log(String(execFileSync('npx', args, { input: 'hello\\n' })));
    `);
    expect(output.trim().split('\n')).toEqual(['agent: How can I help?', 'agent: You said: hello']);
  }, 90_000);

  it('have `openrtc dev` give a live call the new code of its agent, where hot reload is installed', async () => {
    livekit = await startEmbeddedLiveKit();
    example = await startDev(livekit, 'one');
    const call = await livekit.call();
    expect(await call.say('hello')).toBe('one');
    await project.write('hot/shop.ts', shop('two'));
    await example.says(/reload 1: hot\/shop\.ts changed/);
    expect(await call.say('hello')).toBe('two');
    call.hangUp();
    expect(await call.ended).toEqual({ status: 'success', error: '' });
    expect(await example.stop(), example.output()).toBe(0);
    expect(example.output()).not.toContain('npm install');
  }, 90_000);

  it('have `openrtc dev` say how hot reload is installed, where it is not, and run without it', async () => {
    livekit = await startEmbeddedLiveKit();
    const installed = join(project.folder, 'node_modules/@openrtc/hot-reload');
    const away = join(project.folder, 'hot-reload-away');
    await rename(installed, away);
    try {
      example = await startDev(livekit, 'one');
      const call = await livekit.call();
      expect(await call.say('hello')).toBe('one');
      call.hangUp();
      expect(await example.stop(), example.output()).toBe(0);
      const lines = example.output().split('\n');
      const hints = lines.filter((line) => line.includes('@openrtc/hot-reload'));
      expect(hints).toEqual([
        expect.stringContaining('npm install --save-dev @openrtc/hot-reload'),
      ]);
    } finally {
      await rename(away, installed);
    }
  }, 90_000);

  it('run the documented example of what is loaded once', async () => {
    livekit = await startEmbeddedLiveKit();
    const prewarm = exampleOf('prewarm').replace(
      'new AgentPool({',
      'new AgentPool({ defaults: { llm: () => new EchoLLM() },',
    );
    const main = await project.write(
      'prewarm.js',
      `import { EchoLLM } from '@openrtc/core/testing';\n${prewarm}\nawait pool.run();`,
    );
    example = runExample(main, project.folder, livekit);
    await livekit.until(({ workers }) => workers.length === 1, 30_000);
    const call = await livekit.call();
    expect(await call.say('the menu, please')).toBe('You said: the menu, please');
    call.hangUp();
    expect(await example.stop(), example.output()).toBe(0);
  }, 90_000);

  it('name the plugin that silero() needs and is not there', async () => {
    const output = await project.node(`
      import { models, silero } from '@openrtc/prewarm';
      const error = await models({ vad: silero() }).load(new AbortController().signal).catch((reason) => reason);
      console.log(error.code, error.message);
    `);
    expect(output).toContain(
      'PREWARM_FAILED @livekit/agents-plugin-silero is not installed: npm install @livekit/agents-plugin-silero@~1.9.0',
    );
  }, 60_000);

  it('run the documented example of testing an agent, which ends by itself', async () => {
    const main = await project.write('testing.js', exampleOf('testing'));
    const output = await project.node(`
      import { execFileSync } from 'node:child_process';
      const env = { ...process.env, LIVEKIT_LOG_LEVEL: 'silent' };
      console.log(String(execFileSync(process.execPath, [${JSON.stringify(main)}], { env })));
    `);
    expect(output.trim().split('\n')).toEqual(['How can I help?', 'You said: It is broken.']);
  }, 60_000);
});
