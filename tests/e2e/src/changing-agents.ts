import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { manifest } from './command-process.js';

/** What the answers of the agent show of its code. */
export interface Version {
  /** Of the agent's own file. */
  readonly version: string;
  /** Of a helper, two imports away. */
  readonly price: number;
}

/**
 * An agent that tells which code answers, what it has kept, and what it has heard. The caller has it talk until it is told
 * to hush: then no turn is under way.
 */
const shop = (version: string): string => `
import { getJobContext, voice } from '@livekit/agents';
import { agentConfig } from '@openrtc/core';
import { EchoLLM, ToneTTS } from '@openrtc/core/testing';
import { offer } from '../lib/offer.ts';
import { tone } from '../lib/tone.ts';

class Shop extends voice.Agent {
  asked: string[] = [];
  entered = 0;

  constructor() {
    super({ instructions: '${version}' });
  }

  async onEnter(): Promise<void> {
    this.entered += 1;
    const participant = getJobContext().room.localParticipant!;
    participant.registerRpcMethod('talk', async () => {
      this.session.say('Listen.', { audio: tone(), addToChatCtx: false });
      return '';
    });
    participant.registerRpcMethod('hush', async () => {
      await this.session.interrupt().await;
      return '';
    });
  }

  async llmNode(chatCtx: any): Promise<any> {
    this.asked.push('${version}');
    const heard = chatCtx.items.filter((item: any) => item.role === 'user').map((item: any) => item.textContent);
    const text = '${version} ' + offer() + ', asked ' + this.asked.join('+') + ', heard ' + heard.join('+') + ', entered ' + this.entered;
    return new ReadableStream({ start(c) { c.enqueue(text); c.close(); } });
  }
}

export default agentConfig({
  greeting: 'Welcome.',
  llm: () => new EchoLLM(),
  tts: () => new ToneTTS({ msPerWord: 20 }),
  roomInput: { audioEnabled: false },
}, Shop);
`;

// Made as it is played: what would take time at once could be heard in other calls.
const tone = `
import { AudioFrame } from '@livekit/rtc-node';

const RATE = 24_000;
const FRAME = RATE / 10;
const FRAMES = 900;

export function tone(): ReadableStream<AudioFrame> {
  let made = 0;
  return new ReadableStream({
    pull(controller) {
      if (made === FRAMES) return controller.close();
      const from = FRAME * made++;
      const sample = (at: number) => Math.round(8_000 * Math.sin((2 * Math.PI * 440 * (from + at)) / RATE));
      const samples = Int16Array.from({ length: FRAME }, (_, at) => sample(at));
      controller.enqueue(new AudioFrame(samples, RATE, 1, FRAME));
    },
  });
}
`;

const price = (value: number): string => `export const price: number = ${value};`;

/** A module that runs the pool of these agents, with all calls in one process. */
const main = `
import { AgentPool } from '@openrtc/core';
import { processes } from '@openrtc/isolation-process';
import Shop from './agents/shop.ts';

const pool = new AgentPool({ isolation: processes({ sessionsPerProcess: 5, groupBy: 'agent' }) });
pool.add('shop', Shop);
export default pool;
`;

/** Agents in a folder of their own, outside of the packages, whose files change. */
export class ChangingAgents implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(version: Version): Promise<ChangingAgents> {
    const agents = new ChangingAgents(
      await mkdtemp(join(await realpath(tmpdir()), 'openrtc-e2e-')),
    );
    // As where the command is installed.
    await symlink(join(dirname(manifest), 'node_modules'), agents.of('node_modules'));
    await agents.#write('package.json', '{ "type": "module" }');
    await agents.#write('lib/tone.ts', tone);
    await agents.#write(
      'lib/offer.ts',
      `import { price } from './price.ts'; export const offer = () => 'for ' + price;`,
    );
    await agents.#write('main.ts', main);
    await agents.save(version);
    return agents;
  }

  /** Absolute path of a file or folder in it. */
  of(name: string): string {
    return join(this.#folder, name);
  }

  /** Saves the agent and the helper. */
  async save({ version, price: value }: Version): Promise<void> {
    await this.#write('agents/shop.ts', shop(version));
    await this.#write('lib/price.ts', price(value));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #write(name: string, text: string): Promise<void> {
    await mkdir(dirname(this.of(name)), { recursive: true });
    await writeFile(this.of(name), text);
  }
}
