import { expect, test } from 'vitest';

import type { JobTicket } from '../../call/job-ticket.js';
import type { Isolation, IsolationStrategy } from '../../launch/isolation-strategy.js';
import type { SessionEvent } from '../../call/session-event.js';
import {
  expectLateErrors,
  failing,
  failures,
  honest,
  strategy,
} from './broken-strategies.fixture.js';

// A suite that cannot fail is worth nothing: each of these strategies breaks one promise, and is found out.
expectLateErrors();

test('one that does as it should fails nothing', async () => {
  expect(await failures(() => strategy(honest))).toEqual([]);
});

test('one that ignores the signal fails where calls are hung up', async () => {
  const deaf = () =>
    strategy((host, ticket) => host.runSession(ticket, new AbortController().signal));
  const only = /(terminated)|way into the room|before it runs|its deadline/;
  expect(await failures(deaf, { only, patienceMs: 700 })).toEqual(
    failing(
      '(terminated)',
      'on its way into the room',
      'before it runs',
      'soon after its deadline',
    ),
  );
});

const someProcess = { pid: 1, state: 'ready', memoryBytes: 1, cpuMs: 1 } as const;

/** One broken strategy for each member of the interface, and where it is found out. */
const members: Readonly<
  Record<keyof IsolationStrategy | keyof Isolation, readonly [() => IsolationStrategy, string]>
> = {
  // Without a name, no pool takes it.
  name: [() => ({ ...strategy(honest), name: ' ' }), 'recorded as a success'],
  open: [
    () => ({
      ...strategy(honest),
      open: (host) => strategy(honest).open(host, new AbortController().signal),
    }),
    'a start that is called off',
  ],
  callMemoryMb: [() => ({ ...strategy(honest), callMemoryMb: Number.NaN }), 'figures of memory'],
  idleMemoryBytes: [() => strategy(honest, { idleMemoryBytes: () => -1 }), 'figures of memory'],
  run: [() => strategy(async () => {}), 'recorded as a success'],
  reserve: [
    () => strategy(honest, { reserve: () => ({ refused: 'isolation', message: 'never' }) }),
    'recorded as a success',
  ],
  prepareChange: [
    () => strategy(honest, { prepareChange: () => Promise.reject(new Error('never')) }),
    'new code reaches live calls',
  ],
  processes: [
    () => strategy(honest, { processes: async () => [{ ...someProcess, jobIds: ['AJ_other'] }] }),
    'processes(), processCounts()',
  ],
  processCounts: [
    () => strategy(honest, { processCounts: () => ({ started: 0, lost: Number.NaN }) }),
    'processes(), processCounts()',
  ],
  [Symbol.asyncDispose]: [
    () => strategy(honest, { [Symbol.asyncDispose]: () => new Promise(() => {}) }),
    'disposed of once',
  ],
};

test.each(Reflect.ownKeys(members).map((name) => [String(name), name] as const))(
  'one whose %s is broken',
  async (_name, name) => {
    const [create, word] = members[name as keyof typeof members];
    const failed = await failures(create, { patienceMs: 700, only: new RegExp(escaped(word)) });
    expect(failed).toEqual([expect.stringContaining(word)]);
  },
);

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

test('one that does not wait for the pool to take the end fails there', async () => {
  const hasty = () =>
    strategy((host, ticket, signal) =>
      host.runSession(ticket, signal, async (event: SessionEvent) => void host.report(event)),
    );
  expect(await failures(hasty)).toEqual(failing('until the pool has taken'));
});

test('one that reports the end twice fails there', async () => {
  const stuttering = () =>
    strategy((host, ticket, signal) =>
      host.runSession(ticket, signal, async (event) => {
        await host.report(event);
        await host.report(event);
      }),
    );
  expect(await failures(stuttering)).toEqual(
    failing(
      'recorded as a success',
      'that it joined and that it ends',
      'every kind of event',
      'a hook that fails',
      'fails in its first turn',
    ),
  );
});

test('one that swallows errors fails where calls do', async () => {
  const swallowing = () =>
    strategy((host, ticket, signal) => host.runSession(ticket, signal).catch(() => undefined));
  expect(await failures(swallowing)).toEqual(failing('cannot be built', 'a provider that fails'));
});

test('one that loses what an error says fails there', async () => {
  const vague = () =>
    strategy((host, ticket, signal) =>
      host.runSession(ticket, signal).catch(() => {
        throw new Error('it failed');
      }),
    );
  expect(await failures(vague)).toEqual(failing('cannot be built', 'a provider that fails'));
});

test('one that loads nothing fails where prewarm counts', async () => {
  const cold = (): IsolationStrategy => ({
    name: 'cold',
    open: async (host) => ({
      run: (ticket, signal) => host.runSession(ticket, signal),
      async [Symbol.asyncDispose]() {},
    }),
  });
  expect(await failures(cold, { patienceMs: 5_000 })).toEqual(
    failing('prewarm has run', 'a start that is called off', 'a prewarm that fails'),
  );
});

test('one that gives every call the ticket of the first fails with several at a time', async () => {
  const mixing = () => {
    let first: JobTicket['job'] | undefined;
    return strategy((host, ticket, signal) =>
      host.runSession({ ...ticket, job: (first ??= ticket.job) }, signal),
    );
  };
  expect(await failures(mixing)).toEqual(expect.arrayContaining(failing('of several calls')));
});

test('one that takes more calls than it says fails when it is filled', async () => {
  const greedy = () => strategy(honest, { reserve: () => ({ release: () => undefined }) });
  expect(await failures(greedy, { capacity: 3 })).toEqual(failing('refuses by reserve()'));
});

test('one that leaves something behind fails when its pool is closed', async () => {
  const timers: NodeJS.Timeout[] = [];
  const untidy = () =>
    strategy((host, ticket, signal) => {
      timers.push(setInterval(() => undefined, 1_000_000));
      return host.runSession(ticket, signal);
    });
  const failed = await failures(untidy);
  timers.forEach((timer) => clearInterval(timer));
  expect(failed).toEqual(failing('nothing is left'));
});
