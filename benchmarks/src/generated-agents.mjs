import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const command = dirname(createRequire(import.meta.url).resolve('@openrtc/cli/package.json'));

/** Absolute path of the built command `openrtc`. */
export const bin = join(command, 'bin/openrtc.js');

/** Lines of each agent. */
export const LINES = 300;

/**
 * A project of agents outside of this repository, with one helper that all of them import. Its worker tells what each reload
 * has taken.
 */
export class GeneratedAgents {
  #folder;
  #count;
  #version = 0;

  static async create(count) {
    const agents = new GeneratedAgents();
    agents.#folder = await mkdtemp(join(await realpath(tmpdir()), 'openrtc-bench-'));
    agents.#count = count;
    // As where the command is installed.
    await symlink(join(command, 'node_modules'), agents.of('node_modules'));
    await agents.#write('package.json', '{ "type": "module" }');
    await agents.#write('main.ts', main);
    await agents.saveAll();
    return agents;
  }

  /** Absolute path of a file or folder in it. */
  of(name) {
    return join(this.#folder, name);
  }

  get names() {
    return Array.from(
      { length: this.#count },
      (_, at) => `agent${String(at + 1).padStart(2, '0')}`,
    );
  }

  /** Saves every agent and the helper, with other code. */
  async saveAll() {
    this.#version += 1;
    for (const name of this.names)
      await this.#write(`agents/${name}.ts`, agentSource(name, this.#version));
    await this.#write('lib/shared.ts', helperSource(this.#version));
  }

  /** Saves only the helper. */
  async saveHelper() {
    this.#version += 1;
    await this.#write('lib/shared.ts', helperSource(this.#version));
  }

  async remove() {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #write(name, text) {
    await mkdir(dirname(this.of(name)), { recursive: true });
    await writeFile(this.of(name), text);
  }
}

// The parts of a reload are seen from outside: compile() and load() of the loader, and use() of what that has loaded.
const main = `
import { AgentPool } from '@openrtc/core';
import { EchoLLM, ToneTTS } from '@openrtc/core/testing';
import { coroutine } from '@openrtc/isolation-coroutine';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const RESOLUTION_MS = 1;
const pool: any = new AgentPool({
  isolation: coroutine(),
  maxConcurrentSessions: 200,
  maxEventLoopLagMs: Infinity,
  defaults: { llm: () => new EchoLLM(), tts: () => new ToneTTS({ msPerWord: 20 }) },
});
await pool.discover(new URL('agents', import.meta.url));

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
let compiled = 0;
let used = 0;
const { loader } = pool;
const [compile, load, reload] = [loader.compile.bind(loader), loader.load.bind(loader), pool.reload.bind(pool)];
loader.compile = async () => {
  const result = await compile();
  compiled = performance.now();
  return result;
};
loader.load = async (...args: unknown[]) => {
  const loaded = await load(...args);
  const use = () => {
    used = performance.now();
    loaded.use();
  };
  return { ...loaded, use };
};
pool.reload = async () => {
  delay.enable();
  // It counts from its first tick.
  await sleep(20);
  delay.reset();
  const begun = performance.now();
  const report = await reload();
  const ended = performance.now();
  // What was begun and not waited for.
  await sleep(20);
  delay.disable();
  const results: Record<string, number> = {};
  for (const { result } of report.calls) results[result] = (results[result] ?? 0) + 1;
  process.send?.({
    outcome: report.outcome,
    error: report.error?.message,
    files: report.files.length,
    agents: report.agents.length,
    calls: results,
    compileMs: compiled - begun,
    verifyMs: used - compiled,
    commitMs: ended - used,
    wholeMs: ended - begun,
    heldMs: Math.max(0, delay.max / 1e6 - RESOLUTION_MS),
  });
  return report;
};

export default pool;
`;

function helperSource(version) {
  return `export const version: number = ${version};

/** What all agents say. */
export function priced(what: string, cents: number): string {
  return \`\${what}: \${(cents / 100).toFixed(2)} (\${version})\`;
}
`;
}

/** An agent with tools, hooks and helpers of its own: LINES lines. */
function agentSource(name, version) {
  const head = `import { llm, voice } from '@livekit/agents';
import { agentConfig } from '@openrtc/core';
import { z } from 'zod';
import { priced } from '../lib/shared.ts';

interface Order {
  readonly what: string;
  readonly cents: number;
}

const menu: readonly Order[] = [
${range(20, (at) => `  { what: 'dish ${at} of ${name}, ${version}', cents: ${100 + at} },`)}
];

class Agent_${name} extends voice.Agent {
  orders: Order[] = [];
  names = new Map<string, string>();

  constructor() {
    super({
      instructions: 'You take orders for ${name}, version ${version}.',
      tools: [
${range(
  6,
  (at) => `        llm.tool({
          name: 'order_${at}',
          description: 'Takes order ${at} of version ${version}',
          parameters: z.object({
            what: z.string().describe('The dish'),
            pieces: z.number().int().min(1).describe('How many'),
          }),
          execute: async ({ what, pieces }) => {
            for (let piece = 0; piece < pieces; piece += 1) this.orders.push({ what, cents: ${at} });
            return priced(what, total${at}(this.orders));
          },
        }),`,
)}
      ],
    });
  }

  override async onEnter(): Promise<void> {
    this.names.set('agent', '${name}');
  }

  override async onUserTurnCompleted(): Promise<void> {
    this.names.set('last', priced('${name}', this.orders.length + menu.length));
  }
}

export default agentConfig(
  { greeting: 'Welcome to ${name}.', roomInput: { audioEnabled: false } },
  Agent_${name},
);
`;
  const lines = head.split('\n').length - 1;
  const helpers = [];
  for (let at = 0; lines + helpers.length + 6 <= LINES; at += 1)
    helpers.push(
      '',
      `function total${at}(orders: readonly Order[]): number {`,
      `  const asked = orders.filter(({ cents }) => cents >= ${at});`,
      `  if (asked.length === 0) return menu[${at % 20}]?.cents ?? 0;`,
      '  return asked.reduce((sum, { cents }) => sum + cents, 0);',
      '}',
    );
  return `${head}${helpers.join('\n')}\n`;
}

function range(count, line) {
  return Array.from({ length: count }, (_, at) => line(at)).join('\n');
}
