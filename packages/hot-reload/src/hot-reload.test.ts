import { AgentPool, type IsolationStrategy, type ReloadReport } from '@openrtc/core';
import { hostCommand, isAgentFile } from '@openrtc/core/host';
import { type EmbeddedLiveKit, startEmbeddedLiveKit } from '@openrtc/core/testing';
import { initializeLogger } from '@livekit/agents';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, realpathSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as esbuild from 'esbuild';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { HotCode } from './hot-code.js';
import { watchAgents } from './hot-reload.js';

/** An agent that answers with its version. */
const shop = (version: string) => `
import { voice } from '@livekit/agents';
import { EchoLLM } from '@openrtc/core/testing';
export default class Shop extends voice.Agent {
  constructor() {
    super({ instructions: 'x', llm: new EchoLLM() });
  }
  async llmNode(): Promise<any> {
    return new ReadableStream({ start(c) { c.enqueue('${version}'); c.close(); } });
  }
}`;

/** Packages are found from this file. */
const packages = (): esbuild.Plugin => ({
  name: 'packages',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path: import.meta.resolve(path), external: true },
    );
  },
});

/** Runs calls in this process. */
const here: IsolationStrategy = {
  name: 'here',
  async open(host, signal) {
    await host.prewarm(signal);
    return {
      run: (ticket, hangUp) => host.runSession(ticket, hangUp),
      async [Symbol.asyncDispose]() {},
    };
  },
};

initializeLogger({ pretty: false, level: 'silent' });

let folder: string;
let livekit: EmbeddedLiveKit;

beforeEach(async () => {
  folder = mkdtempSync(join(realpathSync(tmpdir()), 'openrtc-watch-'));
  livekit = await startEmbeddedLiveKit();
});

afterEach(async () => {
  delete process.env['OPENRTC_HOT_CODE'];
  await livekit.close();
  await rm(folder, { recursive: true, force: true });
});

test('a command that runs pools itself reloads their agents, as the README says', async () => {
  const agent = join(folder, 'shop.ts');
  await writeFile(agent, shop('one'));
  const code = new HotCode({
    compiler: { build: esbuild.build, packages },
    folder,
    agentsBeside: () => [],
  });
  const release = hostCommand({
    run: (hosted, options) => hosted.run({ ...options, cli: false }),
    importer: code,
  });
  const pool = new AgentPool({ livekit, isolation: here, models: null, introspection: false });
  release();
  await pool.discover(folder);
  const reports = new EventEmitter();
  const watch = await watchAgents({
    pool,
    code,
    isAgentFile: (path) => isAgentFile(basename(path)),
    onReload: (report) => void reports.emit('report', report),
    // Makes `once` reject.
    onError: (error) => void reports.emit('error', error),
  });
  const running = pool.run({ processHandlers: false, cli: false });
  await livekit.until(({ workers }) => workers.length === 1, 30_000);
  const call = await livekit.call({ metadata: { agent: 'shop' } });
  expect(await call.say('hello')).toBe('one');

  const save = async (text: string) => {
    const reported = once(reports, 'report') as Promise<[ReloadReport]>;
    await writeFile(agent, text);
    return (await reported)[0];
  };
  expect(await save(shop('two'))).toMatchObject({
    outcome: 'applied',
    generation: 1,
    files: [agent],
    agents: ['shop'],
    calls: [{ jobId: call.jobId, result: 'renewed' }],
  });
  expect(await call.say('hello')).toBe('two');
  expect(await save('export default class {')).toMatchObject({
    outcome: 'refused',
    generation: 1,
    error: { message: expect.stringContaining('shop.ts:1:2') },
  });
  expect(await call.say('hello')).toBe('two');

  // Saved before what it imports is there: tried again when it comes.
  const late = `import { word } from './words/word.js';\n${shop('four').replace(`'four'`, 'word')}`;
  expect(await save(late)).toMatchObject({ outcome: 'refused', generation: 1 });
  const retried = once(reports, 'report') as Promise<[ReloadReport]>;
  await mkdir(join(folder, 'words'));
  await writeFile(join(folder, 'words/word.ts'), `export const word = 'four';`);
  expect((await retried)[0]).toMatchObject({ outcome: 'applied', generation: 2 });
  expect(await call.say('hello')).toBe('four');

  await watch[Symbol.asyncDispose]();
  call.hangUp();
  await call.ended;
  await pool.close();
  await running;
});
