import { readWorkers } from '@openrtc/core/operate';
import type { Caller } from '@openrtc/test-rig';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { ChangingAgents } from './changing-agents.js';
import { CommandProcess } from './command-process.js';
import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';

const CALLS = 5;
const PATIENCE = { timeout: 60_000, interval: 100 };

describeRealCalls('files of agents that are saved during calls', (real) => {
  let agents: ChangingAgents;
  let dev: CommandProcess;

  beforeEach(async () => {
    agents = await ChangingAgents.create({ version: 'one', price: 10 });
  });

  afterEach(async () => {
    await dev.close();
    await agents[Symbol.asyncDispose]();
  });

  /** Starts `openrtc dev`; resolves once the server knows it. */
  async function start(args: readonly string[]): Promise<void> {
    dev = new CommandProcess(['dev', ...args], {
      LIVEKIT_URL: real.server.url,
      LIVEKIT_API_KEY: real.server.apiKey,
      LIVEKIT_API_SECRET: real.server.apiSecret,
      OPENRTC_RUNTIME_DIR: agents.of('run'),
    });
    await dev.says(/registered with LiveKit/);
  }

  async function call(): Promise<Caller> {
    const caller = await real.join(roomName('shop'), { microphone: false });
    await heard(caller, /^Welcome/);
    return caller;
  }

  /** The next words of the agent that fit. */
  async function heard(caller: Caller, pattern: RegExp): Promise<string> {
    for (;;) {
      const { text } = await caller.nextTranscript('agent', { timeoutMs: 60_000 });
      if (pattern.test(text)) return text;
    }
  }

  async function ask(caller: Caller, question: string): Promise<string> {
    await caller.sendText(question);
    return heard(caller, /asked/);
  }

  /** The reload that the code of a call came with, as the worker shows it to others. */
  async function generationOf({ room }: Caller): Promise<number | undefined> {
    const { workers } = await readWorkers({ directories: [agents.of('run')] });
    return workers
      .flatMap(({ report }) => report?.snapshot.sessions ?? [])
      .find((session) => session.room === room)?.generation;
  }

  it.each<[where: string, path: string, flags: readonly string[]]>([
    ['in the process of the worker', 'agents', ['--isolation', 'coroutine']],
    ['in a process each', 'agents', ['--isolation', 'process']],
    ['in one process for five', 'main.ts', []],
  ])('calls %s hear no gap, and their next turns run the new code', async (_where, path, flags) => {
    await start([agents.of(path), ...flags]);
    const callers: Caller[] = [];
    // One after the other: processes for calls start meanwhile.
    while (callers.length < CALLS) callers.push(await call());
    for (const caller of callers)
      expect(await ask(caller, 'first')).toBe('one for 10, asked one, heard first, entered 1');
    await Promise.all(
      callers.map(async (caller) => {
        await caller.rpc('talk');
        await caller.waitForAudio({ minMs: 500 });
      }),
    );

    const watch = await real.watchGaps(callers);
    await agents.save({ version: 'two', price: 20 });
    await dev.says(/reload \d+: .*shop\.ts/);
    await dev.says(/reload \d+: .*price\.ts/);
    const gaps: number[] = [];
    for (const caller of callers) {
      // The last ones still listen while the code of the first ones changes.
      gaps.push((await caller.stopGapWatch()).longestGapMs);
      await caller.rpc('hush');
      await expect.poll(() => generationOf(caller), PATIENCE).toBeGreaterThan(0);
    }
    await watch.expectNoneIn(gaps);

    const answers = await Promise.all(callers.map((caller) => ask(caller, 'second')));
    expect(answers).toEqual(
      callers.map(() => 'two for 20, asked one+two, heard first+second, entered 1'),
    );
    const late = await call();
    expect(await ask(late, 'first')).toBe('two for 20, asked two, heard first, entered 1');
    for (const caller of [...callers, late]) await caller.hangUp();
    dev.kill('SIGTERM');
    expect(await dev.exited).toBe(0);
  });
});
