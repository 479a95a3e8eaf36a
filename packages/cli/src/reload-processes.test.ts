import type { EmbeddedLiveKit } from '@openrtc/core/testing';
import { rename, rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { agentProject } from './load/agent-project.fixture.js';
import type { TestFolder } from './test-folder.fixture.js';
import { TestWorkers } from './test-workers.fixture.js';

// One process waits for calls. The other begins after the change.
const CALLS = 2;

/** An agent that answers with its version. */
const agent = (version: string, { constructing = '', end = 'export default Answers;' } = {}) => `
import { voice } from '@livekit/agents';
import { agentConfig } from '@openrtc/core';
import { EchoLLM } from '@openrtc/core/testing';
import { word } from '../lib/word.ts';

class Answers extends voice.Agent {
  constructor() {
    super({ instructions: 'x', llm: new EchoLLM() });
    ${constructing}
  }
  async llmNode(): Promise<any> {
    return new ReadableStream({ start(c) { c.enqueue('${version} ' + word); c.close(); } });
  }
}
${end}
`;

const mainWithSharedProcesses = `
import { AgentPool } from '@openrtc/core';
import { processes } from '@openrtc/isolation-process';

const pool = new AgentPool({ isolation: processes({ sessionsPerProcess: 2 }) });
await pool.discover(new URL('./agents', import.meta.url));
export default pool;
`;

const broken = { constructing: `throw new Error('no oven');` };
const named = (name: string) => `export default agentConfig({ name: '${name}' }, Answers);`;
const refused = /reload: nothing has changed: /;
const watched = (of: string) => ['dev', of, '--isolation', 'process'];
const onRequest = (of: string) => ['start', of, '--reloadable', '--isolation', 'process'];

interface OnDisk {
  readonly what: string;
  /** The command and its arguments. Default: `dev` with the directory. */
  readonly command?: (path: string) => readonly string[];
  readonly path?: string;
  /** Changes the files. */
  readonly change: () => Promise<unknown>;
  /** What is logged about it. Default: nothing, because nobody asked for a reload. */
  readonly line?: RegExp;
}

let folder: TestFolder;
let workers: TestWorkers;
let livekit: EmbeddedLiveKit;

beforeEach(async () => {
  workers = await TestWorkers.create();
  ({ livekit } = workers);
  folder = await agentProject({
    'agents/shop.ts': agent('shop'),
    'agents/kiosk.ts': agent('kiosk'),
    'lib/word.ts': `export const word = 'one';`,
    'main.ts': mainWithSharedProcesses,
  });
});

afterEach(async () => {
  await workers[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function start(args: readonly string[]) {
  const cli = workers.start(args);
  await Promise.race([
    livekit.until((now) => now.workers.length > 0, 60_000),
    cli.ended.then(({ stderr }) => Promise.reject(new Error(stderr))),
  ]);
  return cli;
}

/** What a new call of an agent hears. Its process stays full. */
async function heard(name: string): Promise<string> {
  const call = await livekit.call({ metadata: { agent: name }, joinTimeoutMs: 60_000 });
  return call.say('hello');
}

async function heardInNewProcesses(name: string): Promise<readonly string[]> {
  const answers: string[] = [];
  for (let count = 0; count < CALLS; count += 1) answers.push(await heard(name));
  return answers;
}

const files: readonly OnDisk[] = [
  {
    what: 'a new file that cannot be compiled',
    change: () => folder.write('agents/bad.ts', 'export default class {'),
    line: refused,
  },
  {
    what: 'a second agent of a name',
    change: () => folder.write('agents/twin.ts', agent('twin', { end: named('shop') })),
    line: refused,
  },
  {
    what: 'a new file that cannot be compiled, and full processes of several calls',
    command: (path) => ['dev', path],
    path: 'main.ts',
    change: () => folder.write('agents/bad.ts', 'export default class {'),
    line: refused,
  },
  {
    what: 'a good file in a set that was refused',
    change: async () => {
      await folder.write('agents/shop.ts', agent('two'));
      await folder.write('agents/new.ts', agent('new', broken));
    },
    line: refused,
  },
  {
    what: 'files that nobody asked to reload',
    command: onRequest,
    change: async () => {
      await folder.write('agents/shop.ts', agent('two', broken));
      await folder.write('lib/word.ts', `export const word = 'two';`);
      await folder.write('agents/new.ts', agent('new', broken));
    },
  },
  {
    what: 'a deleted directory that nobody asked to reload',
    command: onRequest,
    change: () => rm(folder.of('agents'), { recursive: true }),
  },
  {
    what: 'a directory without agents',
    change: async () => {
      await rm(folder.of('agents/kiosk.ts'));
      await rm(folder.of('agents/shop.ts'));
    },
    line: /shop\.ts has no agent "shop" any more/,
  },
  {
    what: 'the only file, when it was deleted and nobody asked to reload',
    command: onRequest,
    path: 'agents/shop.ts',
    change: () => rm(folder.of('agents/shop.ts')),
  },
];

test.each<OnDisk>(files)(
  'processes that begin later run what the worker has, not $what',
  async ({ command = watched, path = 'agents', change, line }) => {
    const { says } = await start(command(folder.of(path)));
    expect(await heard('shop')).toBe('shop one');
    await change();
    if (line !== undefined) await says(line);
    expect(await heardInNewProcesses('shop')).toEqual(Array(CALLS).fill('shop one'));
  },
);

interface Gone {
  readonly what: string;
  /** A reload brings the agent. Default: it is there from the start. */
  readonly late?: true;
  readonly change: () => Promise<void>;
}

test.each<Gone>([
  {
    what: 'new, and then deleted',
    late: true,
    change: () => rm(folder.of('agents/kiosk.ts')),
  },
  { what: 'deleted', change: () => rm(folder.of('agents/kiosk.ts')) },
  {
    what: 'renamed',
    change: () => rename(folder.of('agents/kiosk.ts'), folder.of('agents/booth.ts')),
  },
])(
  'an agent whose file is $what is as it was in new calls, and others reload',
  async ({ late, change }) => {
    if (late) await rm(folder.of('agents/kiosk.ts'));
    const { says } = await start(watched(folder.of('agents')));
    if (late) {
      await folder.write('agents/kiosk.ts', agent('kiosk'));
      await says(/agents have new code: kiosk/);
    }
    expect(await heard('kiosk')).toBe('kiosk one');
    await change();
    await says(/kiosk\.ts has no agent "kiosk" any more/);
    expect(await heardInNewProcesses('kiosk')).toEqual(Array(CALLS).fill('kiosk one'));
    await folder.write('agents/shop.ts', agent('two'));
    await says(/shop\.ts changed, agents have new code: shop/);
    expect(await heardInNewProcesses('shop')).toEqual(Array(CALLS).fill('two one'));
    // It goes on with what it imports.
    await folder.write('lib/word.ts', `export const word = 'two';`);
    await says(/word\.ts changed, agents have new code: .*kiosk/);
    expect(await heardInNewProcesses('kiosk')).toEqual(Array(CALLS).fill('kiosk two'));
  },
);
