import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type EmbeddedCall,
  type EmbeddedLiveKit,
  startEmbeddedLiveKit,
} from './embedded-live-kit.js';
import { exampleIn } from './example.js';
import { packedProject, type PackedProject, repository } from './packed-project.js';
import { runExample, type RunningExample } from './running-example.js';

const PACKAGES = ['packages/core', 'packages/isolation-coroutine', 'packages/prewarm'];
const readme = join(repository, 'README.md');

let project: PackedProject;
let livekit: EmbeddedLiveKit | undefined;
let example: RunningExample | undefined;

beforeAll(async () => {
  project = await packedProject(PACKAGES);
}, 300_000);

afterEach(async () => {
  await example?.[Symbol.asyncDispose]();
  await livekit?.close();
});

afterAll(() => project?.[Symbol.asyncDispose]());

/** Calls until the worker has registered and takes the call. */
async function callWhenReady(endpoint: EmbeddedLiveKit, deadline: number): Promise<EmbeddedCall> {
  for (;;) {
    try {
      return await endpoint.call({ room: 'quickstart' });
    } catch (error) {
      if (Date.now() > deadline) {
        throw new Error(`no worker took the call:\n${example?.output()}`, { cause: error });
      }
      await sleep(250);
    }
  }
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

  it.skipIf(!existsSync(readme))(
    "run the README's first example: it answers a call and ends on SIGTERM",
    async () => {
      const code = exampleIn(await readFile(readme, 'utf8'), 'quickstart');
      livekit = await startEmbeddedLiveKit();
      example = runExample(await project.write('main.js', code), project.folder, livekit);
      const call = await callWhenReady(livekit, Date.now() + 30_000);
      await call.say('hello');
      expect(await call.nextReply(), example.output()).toBeTruthy();
      await call.hangUp();
      await call.ended;
      expect(await example.stop(), example.output()).toBe(0);
    },
    90_000,
  );
});
