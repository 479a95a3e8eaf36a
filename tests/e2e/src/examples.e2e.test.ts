import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  type Example,
  type ExampleCall,
  type ExampleEndpoint,
  ExampleWorker,
  spokenEndpoint,
  typedEndpoint,
} from './example-calls.js';
import { noServer } from './real-server.js';
import { spoken } from './spoken-examples.js';
import { typed } from './typed-examples.js';

const PATIENCE = { timeout: 30_000 };

function describeExamples<Call extends ExampleCall>(
  title: string,
  open: () => Promise<ExampleEndpoint<Call>>,
  examples: readonly Example<Call>[],
  skip?: string,
): void {
  describe.skipIf(skip)(`${title}${skip ? `: ${skip}` : ''}`, () => {
    const workers: ExampleWorker<Call>[] = [];
    let idle: Record<string, number>;

    beforeAll(async () => {
      for (const isolation of ['coroutine', 'processes'])
        workers.push(await ExampleWorker.start(open, isolation));
      const [example] = examples;
      // The first call starts what is kept for the next ones.
      await run(workers[0] as ExampleWorker<Call>, example as Example<Call>, 'added-');
      idle = (await workers[0]?.resources()) ?? {};
    });
    afterAll(async () => {
      for (const worker of workers) await worker.close();
    });

    async function run(worker: ExampleWorker<Call>, example: Example<Call>, prefix = '') {
      const { agent, reason = 'caller_left', faults = {} } = example;
      const outcome = await worker.call(
        `${prefix}${agent}`,
        (call) => example.talk(call),
        async (call) => example.afterwards?.(call),
        reason === 'caller_left',
      );
      expect(outcome).toMatchObject({ status: 'success', reason, turns: { unanswered: 0 } });
      expect(outcome.faults).toMatchObject({ hookErrors: 0, toolErrors: 0, ...faults });
    }

    /** What the process has more than it had before. */
    async function left(worker: ExampleWorker<Call>): Promise<Record<string, number>> {
      const now = await worker.resources();
      return Object.fromEntries(
        Object.entries(now)
          .map(([kind, count]) => [kind, count - (idle[kind] ?? 0)] as const)
          .filter(([, more]) => more > 0),
      );
    }

    it.each(examples)('$shape: $agent', async (example) => {
      const [inWorker, inProcesses] = workers as [ExampleWorker<Call>, ExampleWorker<Call>];
      const prefixes = example.inFile === false ? ['added-'] : ['', 'added-'];
      // Both calls at the same time: in one process, and in two.
      const calls = (worker: ExampleWorker<Call>) =>
        Promise.all(prefixes.map((prefix) => run(worker, example, prefix)));
      await Promise.all([calls(inWorker), calls(inProcesses)]);
      await expect.poll(() => left(inWorker), PATIENCE).toEqual({});
      await inProcesses.idle();
    });
  });
}

describeExamples('examples of the SDK, typed', typedEndpoint, typed);
describeExamples('examples of the SDK, spoken', spokenEndpoint, spoken, noServer);

it('docs/examples.md has the same table', () => {
  const docs = readFileSync(new URL('../../../docs/examples.md', import.meta.url), 'utf8');
  const rows = [
    ...docs.matchAll(/^\| ([^`|]+) \| (yes|no) \| (yes|no) \| (yes|no) \| (yes|no) \|/gm),
  ];
  const works = [...typed, ...spoken].map(({ shape, inFile = true }) => [
    shape,
    inFile ? 'yes' : 'no',
    'yes',
    'yes',
    'yes',
  ]);
  expect(rows.map(([, ...cells]) => cells)).toEqual(works);
});
