import type { EmbeddedCall } from '@openrtc/core/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { agentProject } from './load/agent-project.fixture.js';
import type { TestFolder } from './test-folder.fixture.js';
import { TestWorkers } from './test-workers.fixture.js';

const CALLS = 5;
const RELOADS = 100;
const WARM = 10;
// The calls have some words more in their histories; each change of the instructions would be there as well.
const MOST_GROWTH = 1.02;
// The one in use, and those before it that would answer if it failed.
const MOST_VERSIONS = 3;

/** What the process of the worker holds. */
interface Reading {
  /** Bytes, after garbage was collected. */
  readonly heap: number;
  /** Of the agent's class. */
  readonly versions: number;
  /** By what they listen to. */
  readonly listeners: Readonly<Record<string, number>>;
  /** Of files and folders. */
  readonly watchers: number;
}

/** An agent of some length, which answers with its version, or with what its process holds. */
const shop = (version: number) => `
import { voice } from '@livekit/agents';
import { EchoLLM } from '@openrtc/core/testing';
import { reading } from '../lib/reading.ts';
import { price } from '../lib/price.ts';

const texts = [${Array.from({ length: 200 }, (_, at) => `'text ${at} of version ${version}'`).join(', ')}];

export default class Shop extends voice.Agent {
  constructor() {
    super({ instructions: 'You sell.', llm: new EchoLLM() });
  }
  async llmNode(chatCtx: any): Promise<any> {
    const asked = chatCtx.items.at(-1)?.textContent;
    const text = asked === 'reading' ? JSON.stringify(await reading(this.session)) : '${version} for ' + price;
    return new ReadableStream({ start(c) { c.enqueue(text); c.close(); } });
  }
}
${Array.from({ length: 100 }, (_, at) => `export function helper${at}(given: number): string { return texts[given] + ' ${version} ' + ${at}; }`).join('\n')}
(globalThis as any).versions ??= [];
(globalThis as any).versions.push(new WeakRef(Shop));
`;

// It is not reloaded: nothing that changes is imported here.
const reading = `
import { getEventListeners } from 'node:events';
import { setImmediate as nextTick } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
// What V8 compiles of code that runs often is no leak.
setFlagsFromString('--no-opt');
const collect: () => void = runInNewContext('gc');

const count = (emitter: any): number => {
  let all = 0;
  for (const name of emitter.eventNames()) all += emitter.listenerCount(name);
  return all;
};

export async function reading(session: any): Promise<object> {
  for (let round = 0; round < 5; round += 1) {
    await nextTick();
    collect();
  }
  return {
    heap: process.memoryUsage().heapUsed,
    versions: (globalThis as any).versions.filter((each: WeakRef<object>) => each.deref() !== undefined).length,
    listeners: {
      process: count(process),
      session: count(session),
      llm: count(session.llm ?? session.currentAgent.llm),
      abort: getEventListeners(session.activity.closeAbort.signal, 'abort').length,
    },
    watchers: process.getActiveResourcesInfo().filter((kind) => kind === 'FSEventWrap').length,
  };
}
`;

// Without the watchdog: to collect garbage takes long, and to find out what does leaves something with every script.
const main = `
import { AgentPool } from '@openrtc/core';
import { coroutine } from '@openrtc/isolation-coroutine';

const pool = new AgentPool({ isolation: coroutine(), watchdog: false });
await pool.discover(new URL('agents', import.meta.url));
export default pool;
`;

let folder: TestFolder;
let workers: TestWorkers;

beforeEach(async () => {
  workers = await TestWorkers.create();
  folder = await agentProject({
    'agents/shop.ts': shop(0),
    'lib/reading.ts': reading,
    'lib/price.ts': 'export const price: number = 0;',
    'main.ts': main,
  });
});

afterEach(async () => {
  await workers[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

test(
  'after a hundred reloads under five calls the worker holds what it held after ten',
  { timeout: 300_000 },
  async () => {
    const { livekit } = workers;
    const { says } = workers.start(['dev', folder.of('main.ts')]);
    await says(/registered with LiveKit/);
    const calls = await Promise.all(
      Array.from({ length: CALLS }, () => livekit.call({ joinTimeoutMs: 60_000 })),
    );
    const read = async ([call]: readonly EmbeddedCall[]) =>
      JSON.parse((await call?.say('reading')) ?? '') as Reading;
    const readings = new Map<number, Reading>();
    for (let reload = 1; reload <= RELOADS; reload += 1) {
      // A helper as well: then the agent is evaluated again because of what it imports.
      if (reload % 2 === 0) await folder.write('agents/shop.ts', shop(reload));
      else await folder.write('lib/price.ts', `export const price: number = ${reload};`);
      await says(new RegExp(`reload ${reload}: `));
      // At first in each one, so that everything that is made once has been made by then. Later what is said would count.
      if (reload > WARM && reload !== RELOADS) continue;
      const now = reload % 2 === 0 ? [reload, reload - 1] : [reload - 1, reload];
      for (const call of calls) expect(await call.say('hello')).toBe(now.join(' for '));
      readings.set(reload, await read(calls));
    }
    const [before, after] = [readings.get(WARM), readings.get(RELOADS)];
    expect(after?.versions).toBeLessThanOrEqual(MOST_VERSIONS);
    expect([after?.listeners, after?.watchers]).toEqual([before?.listeners, before?.watchers]);
    const growth = (after?.heap ?? Infinity) / (before?.heap ?? 0);
    console.log(
      `from reload ${WARM} to ${RELOADS} the heap has grown to ${growth.toFixed(4)} times`,
    );
    expect(growth).toBeLessThan(MOST_GROWTH);
  },
);
