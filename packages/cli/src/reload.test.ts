import type { EmbeddedCall, EmbeddedLiveKit } from '@openrtc/core/testing';
import { rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { CliProcess } from './cli-process.fixture.js';
import { agentProject } from './load/agent-project.fixture.js';
import type { TestFolder } from './test-folder.fixture.js';
import { TestWorkers } from './test-workers.fixture.js';

const SAVES = 50;
// One a second while they come, and one after the last; more where the machine pauses between two of them.
const A_FEW = 10;

interface Source {
  readonly version: string;
  /** More code at the top level, in the constructor, and in the node. */
  readonly top?: string;
  readonly constructing?: string;
  readonly answering?: string;
}

/** An agent that answers with its version, what it is told by a helper, and what it has kept. */
const shop = ({ version, top = '', constructing = '', answering = '' }: Source) => `
import { voice } from '@livekit/agents';
import { EchoLLM } from '@openrtc/core/testing';
import { offer } from '../lib/offer.ts';
${top}
export default class Shop extends voice.Agent {
  asked: string[] = [];
  entered = 0;
  constructor() {
    super({ instructions: '${version}', llm: new EchoLLM() });
    ${constructing}
  }
  async onEnter(): Promise<void> {
    this.entered += 1;
  }
  async llmNode(): Promise<any> {
    ${answering}
    this.asked.push('${version}');
    const text = '${version} ' + offer() + ' ' + this.asked.join('+') + ' ' + this.entered;
    return new ReadableStream({ start(c) { c.enqueue(text); c.close(); } });
  }
}
`;

let folder: TestFolder;
let workers: TestWorkers;
let livekit: EmbeddedLiveKit;

beforeEach(async () => {
  workers = await TestWorkers.create();
  ({ livekit } = workers);
  folder = await agentProject({
    'agents/shop.ts': shop({ version: 'one' }),
    'lib/offer.ts': `import { price } from './price.ts'; export const offer = () => 'for ' + price;`,
    'lib/price.ts': 'export const price: number = 10;',
  });
});

afterEach(async () => {
  await workers[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** Starts `openrtc dev`; resolves when it has registered. */
const dev = (...flags: readonly string[]) => started('dev', folder.of('agents'), ...flags);

async function started(...args: readonly string[]): Promise<CliProcess> {
  const cli = workers.start(args);
  const registered = livekit.until((now) => now.workers.length > 0, 60_000);
  await Promise.race([
    registered,
    cli.ended.then(({ stderr }) => Promise.reject(new Error(stderr))),
  ]);
  return cli;
}

const call = () => livekit.call({ metadata: { agent: 'shop' }, joinTimeoutMs: 60_000 });

/** Asks until the answer fits: the change is on its way, and is made between two turns. */
async function until(asked: EmbeddedCall, pattern: RegExp): Promise<string> {
  for (;;) {
    const answer = await asked.say('hello');
    if (pattern.test(answer)) return answer;
  }
}

/** How many reloads were made, or refused because of a file that was half written. */
const reloadsIn = (output: string) => output.match(/reload \d+: |reload: nothing/g)?.length ?? 0;

/** The same in a few lines, with its class under a name. */
const named = (version: string, name: string) => `
import { voice } from '@livekit/agents';
import { agentConfig } from '@openrtc/core';
import { EchoLLM } from '@openrtc/core/testing';
class ${name} extends voice.Agent {
  asked: string[] = [];
  constructor() {
    super({ instructions: 'x', llm: new EchoLLM() });
  }
  async llmNode(): Promise<any> {
    this.asked.push('${version}');
    const text = this.asked.join('+');
    return new ReadableStream({ start(c) { c.enqueue(text); c.close(); } });
  }
}`;

interface BadSave {
  readonly what: string;
  readonly source: Source | string;
  /** What is reported. */
  readonly line: RegExp;
  /** Only the worker has to do with it: it is refused before the processes for calls are asked. */
  readonly early?: true;
}

const badSaves: readonly BadSave[] = [
  {
    what: 'a syntax error',
    source: 'export default class {',
    line: /reload: nothing has changed: .*shop\.ts:1:2\d: /,
    early: true,
  },
  {
    what: 'half of a file',
    source: shop({ version: 'two' }).slice(0, 400),
    line: /reload: nothing has changed: .*shop\.ts:\d+:\d+: /,
    early: true,
  },
  {
    what: 'a top level that throws',
    source: { version: 'two', top: `throw new Error('no database');` },
    line: /reload: nothing has changed: .*no database/,
  },
  {
    what: 'a constructor that throws',
    source: { version: 'two', constructing: `throw new Error('no oven');` },
    line: /reload: nothing has changed: .*shop\.ts: the constructor of Shop failed: no oven/,
  },
  {
    what: 'a top level that ends the process',
    source: { version: 'two', top: 'process.exit(3);' },
    line: /reload: nothing has changed: \S*shop\.ts:\d+:\d+: process\.exit\(3\) was called .*Throw an error instead/,
  },
  {
    what: 'a constructor that ends the process',
    source: { version: 'two', constructing: 'process.exit(4);' },
    line: /reload: nothing has changed: \S*shop\.ts:\d+:\d+: process\.exit\(4\)/,
    early: true,
  },
  {
    what: 'a promise that nothing handles',
    source: { version: 'two', top: `void Promise.reject(new Error('no database'));` },
    line: /reload: nothing has changed: \S*shop\.ts:\d+:\d+: unhandled rejection: no database/,
  },
  {
    what: 'no agent any more',
    source: 'export const nothing = 1;',
    line: /reload: nothing has changed: [\s\S]*no agent class/,
    early: true,
  },
];

describe.each(['coroutine', 'process'])('--isolation %s', (isolation) => {
  test('a live call runs the new code from its next turn, with all that it has', async () => {
    const { says } = await dev('--isolation', isolation);
    const live = await call();
    expect(await live.say('hello')).toBe('one for 10 one 1');
    await folder.write('lib/price.ts', 'export const price: number = 20;');
    expect(await until(live, /for 20/)).toMatch(/^one for 20 one(\+one)+ 1$/);
    await folder.write('agents/shop.ts', shop({ version: 'two' }));
    expect(await until(live, /^two/)).toMatch(/^two for 20 one(\+one)*\+two 1$/);
    expect(await (await call()).say('hello')).toBe('two for 20 two 1');
    await says(/reload 2: .*shop\.ts changed/);
  });

  test.each(badSaves.filter(({ early }) => isolation === 'coroutine' || early !== true))(
    '$what leaves all calls on the last good code, and the next good save works',
    async ({ source, line }) => {
      const { says } = await dev('--isolation', isolation);
      const live = await call();
      expect(await live.say('hello')).toBe('one for 10 one 1');
      await folder.write('agents/shop.ts', typeof source === 'string' ? source : shop(source));
      await says(line);
      expect(await live.say('hello')).toBe('one for 10 one+one 1');
      expect(await (await call()).say('hello')).toBe('one for 10 one 1');
      await folder.write('agents/shop.ts', shop({ version: 'three' }));
      expect(await until(live, /^three/)).toMatch(/\+three 1$/);
    },
  );

  test.each([
    {
      what: 'a timer that throws',
      top: `setTimeout(() => { throw new Error('no stove'); }, 1_000);`,
      line: /code of reload 1 failed later, .*shop\.ts:\d+:\d+: uncaught exception: no stove/,
    },
    {
      what: 'a timer that ends the process',
      top: 'setTimeout(() => process.exit(3), 1_000);',
      line: /shop\.ts:\d+:\d+: process\.exit\(3\) was called by code of reload 1/,
    },
    {
      what: "LiveKit's own worker",
      top: `import { ServerOptions, cli } from '@livekit/agents';
cli.runApp(new ServerOptions({ agent: import.meta.filename }));`,
      line: /shop\.ts:\d+:\d+: starts LiveKit's own worker: cli\.runApp\(\) was ignored/,
    },
    {
      what: 'a pool that is run',
      top: `import { AgentPool } from '@openrtc/core';
await new AgentPool({ agents: {} }).run();`,
      line: /shop\.ts:\d+:\d+: starts a pool: pool\.run\(\) was ignored/,
    },
  ])('$what in new code harms no call, and is logged', async ({ top, line }) => {
    const { says } = await dev('--isolation', isolation);
    const live = await call();
    expect(await live.say('hello')).toBe('one for 10 one 1');
    await folder.write('agents/shop.ts', shop({ version: 'two', top }));
    expect(await until(live, /^two/)).toMatch(/\+two 1$/);
    await says(line);
    await folder.write('agents/shop.ts', shop({ version: 'three' }));
    expect(await until(live, /^three/)).toMatch(/\+three 1$/);
    expect(await (await call()).say('hello')).toBe('three for 10 three 1');
  });

  test('a node that fails in its first turn is answered by the old code', async () => {
    const { says } = await dev('--isolation', isolation);
    const live = await call();
    expect(await live.say('hello')).toBe('one for 10 one 1');
    const answering = `throw new Error('no oven');`;
    await folder.write('agents/shop.ts', shop({ version: 'two', answering }));
    await says(/reload 1: /);
    expect(await live.say('hello')).toBe('one for 10 one+one 1');
    await says(/new code of a call failed in its first use, and is undone: llmNode: no oven/);
  });
});

test.each([
  ['process.exit(5);', /shop\.ts:\d+:\d+: process\.exit\(5\) was called while/],
  [`void Promise.reject(new Error('no key'));`, /shop\.ts:\d+:\d+: unhandled rejection: no key/],
])('only in a process for calls, %s has the save refused', async (top, line) => {
  const { says } = await dev('--isolation', 'process');
  const live = await call();
  expect(await live.say('hello')).toBe('one for 10 one 1');
  const only = `import { inCallProcess } from '@openrtc/core/host';\nif (inCallProcess()) ${top}`;
  await folder.write('agents/shop.ts', shop({ version: 'two', top: only }));
  await says(/reload: nothing has changed: /);
  await says(line);
  expect(await live.say('hello')).toBe('one for 10 one+one 1');
});

test('fifty saves in a second, and two by write-and-rename in a row, end in the last state', async () => {
  const { output } = await dev();
  const live = await call();
  for (let save = 1; save <= SAVES; save += 1) {
    await folder.write('agents/shop.ts', shop({ version: `s${save}` }));
    await folder.write('lib/price.ts', `export const price: number = ${save};`);
    await sleep(1_000 / SAVES);
  }
  await until(live, new RegExp(`^s${SAVES} for ${SAVES} `));
  expect(reloadsIn(output())).toBeLessThanOrEqual(A_FEW);
  const before = reloadsIn(output());
  for (const version of ['renamed', 'twice']) {
    await folder.write('agents/.shop.ts.tmp', shop({ version }));
    await rename(folder.of('agents/.shop.ts.tmp'), folder.of('agents/shop.ts'));
  }
  await until(live, /^twice/);
  expect(reloadsIn(output()) - before).toBeLessThanOrEqual(2);
  expect(await (await call()).say('hello')).toBe(`twice for ${SAVES} twice 1`);
});

test('a save by write-and-rename, a new agent, and a deleted one', async () => {
  const { says } = await dev();
  const live = await call();
  await folder.write('agents/.shop.ts.tmp', shop({ version: 'two' }));
  await rename(folder.of('agents/.shop.ts.tmp'), folder.of('agents/shop.ts'));
  await until(live, /^two/);
  await folder.write('agents/kiosk.ts', shop({ version: 'kiosk' }));
  await says(/kiosk\.ts changed, agents have new code: kiosk/);
  const other = await livekit.call({ metadata: { agent: 'kiosk' } });
  expect(await other.say('hello')).toBe('kiosk for 10 kiosk 1');
  await rm(folder.of('agents/kiosk.ts'));
  await says(/kiosk\.ts has no agent "kiosk" any more/);
  expect(await other.say('hello')).toBe('kiosk for 10 kiosk+kiosk 1');
});

test.each<[string, (version: string, name: string) => string]>([
  ['exported', (version, name) => `${named(version, name)}\nexport { ${name} };`],
  ['the default export', (version, name) => `${named(version, name)}\nexport default ${name};`],
  [
    'given to agentConfig()',
    (version, name) =>
      `${named(version, name)}\nexport default agentConfig({ name: 'shop' }, ${name});`,
  ],
])('a class that is %s and gets another name is new for live calls too', async (_how, source) => {
  await folder.write('agents/shop.ts', source('one', 'Shop'));
  const { says } = await dev();
  const live = await call();
  expect(await live.say('hello')).toBe('one');
  await folder.write('agents/shop.ts', source('two', 'Store'));
  await says(/reload 1: .* calls: 1 renewed/);
  expect(await live.say('hello')).toBe('one+two');
  expect(await (await call()).say('hello')).toBe('two');
});

test('a second agent of a name is refused, and the calls of the first go on', async () => {
  const { says } = await dev();
  const live = await call();
  expect(await live.say('hello')).toBe('one for 10 one 1');
  const twin = `import { agentConfig } from '@openrtc/core';
${shop({ version: 'twin' }).replace('export default class', 'class')}
export default agentConfig({ name: 'shop' }, Shop);`;
  await folder.write('agents/twin.ts', twin);
  await says(/reload: nothing has changed: [\s\S]*"shop"/);
  expect(await live.say('hello')).toBe('one for 10 one+one 1');
  await rm(folder.of('agents/twin.ts'));
  await folder.write('agents/shop.ts', shop({ version: 'two' }));
  expect(await until(live, /^two/)).toMatch(/\+two 1$/);
});

test('a comment changes nothing, and a JSON file that is imported does', async () => {
  await folder.write('lib/menu.json', '{ "pizza": 10 }');
  await folder.write(
    'lib/price.ts',
    `import menu from './menu.json'; export const price = menu.pizza;`,
  );
  const { says } = await dev();
  const live = await call();
  expect(await live.say('hello')).toBe('one for 10 one 1');
  await folder.write('agents/shop.ts', `${shop({ version: 'one' })} // a comment`);
  await folder.write('lib/menu.json', '{ "pizza": 20 }');
  expect(await until(live, /for 20/)).toMatch(/\+one 1$/);
  // The first, and not because of the comment.
  await says(/reload 1: \S*menu\.json changed,/);
});

test('an agent of a factory that waits is new for later calls, and one line says so', async () => {
  await folder.write(
    'main.ts',
    `import { AgentPool } from '@openrtc/core';
     import Shop from './agents/shop.ts';
     const pool = new AgentPool();
     pool.add('shop', async () => {
       await undefined;
       return new Shop();
     });
     export default pool;`,
  );
  const { says } = await started('dev', folder.of('main.ts'));
  const live = await call();
  expect(await live.say('hello')).toBe('one for 10 one 1');
  await folder.write('agents/shop.ts', shop({ version: 'two' }));
  await says(/call AJ_\w+ goes on with its old code: Shop: .*not constructed at once/);
  expect(await live.say('hello')).toBe('one for 10 one+one 1');
  expect(await (await call()).say('hello')).toBe('two for 10 two 1');
});

test('a prompt that the constructor reads is read anew with --watch-path', async () => {
  const prompt = JSON.stringify(folder.of('prompts/shop.md'));
  await folder.write('prompts/shop.md', 'first');
  const reading = (version: string) =>
    shop({
      version,
      top: `import { readFileSync } from 'node:fs';`,
      constructing: `this.asked.push(readFileSync(${prompt}, 'utf8'));`,
    });
  await folder.write('agents/shop.ts', reading('one'));
  const { says } = await dev('--watch-path', folder.of('prompts'));
  expect(await (await call()).say('hello')).toContain('first+one');
  await folder.write('prompts/shop.md', 'second');
  await says(/reload 1: /);
  expect(await (await call()).say('hello')).toContain('second+one');
});

test('a module that waits for its pool reloads the agents that it imports', async () => {
  await folder.write(
    'main.ts',
    `import { AgentPool } from '@openrtc/core';
     import Shop from './agents/shop.ts';
     const pool = new AgentPool();
     pool.add('shop', Shop);
     await pool.run();`,
  );
  await started('dev', folder.of('main.ts'));
  const live = await call();
  expect(await live.say('hello')).toBe('one for 10 one 1');
  await folder.write('agents/shop.ts', shop({ version: 'two' }));
  expect(await until(live, /^two/)).toMatch(/\+two 1$/);
  expect(await (await call()).say('hello')).toBe('two for 10 two 1');
});

test('with --no-watch nothing is reloaded', async () => {
  const { child, ended } = await dev('--no-watch');
  const live = await call();
  await folder.write('agents/shop.ts', shop({ version: 'two' }));
  expect(await live.say('hello')).toBe('one for 10 one 1');
  live.hangUp();
  child.kill('SIGTERM');
  expect((await ended).stderr).not.toContain('reload');
});
