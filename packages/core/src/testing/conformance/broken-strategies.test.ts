import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import type { JobTicket } from '../../call/job-ticket.js';
import type {
  Isolation,
  IsolationHost,
  IsolationStrategy,
} from '../../launch/isolation-strategy.js';
import type { SessionEvent } from '../../call/session-event.js';
import { isolationCases } from './isolation-suite.js';

// A suite that cannot fail is worth nothing: each of these strategies breaks one promise, and is found out.
vi.setConfig({ testTimeout: 120_000 });

type Run = (host: IsolationHost, ...args: Parameters<Isolation['run']>) => Promise<void>;

function strategy(run: Run, isolation: Partial<Isolation> = {}): IsolationStrategy {
  return {
    name: 'broken',
    async open(host, opening) {
      await host.prewarm(opening);
      return {
        run: (ticket, signal) => run(host, ticket, signal),
        async [Symbol.asyncDispose]() {},
        ...isolation,
      };
    },
  };
}

const honest: Run = (host, ticket, signal) => host.runSession(ticket, signal);

const QUICK = /^(?!.*(max_duration|empty_room|drain_timeout|its deadline))/;

interface Choice {
  readonly capacity?: number;
  readonly patienceMs?: number;
  /** Leaves other cases out. Default: those that have to wait whatever the strategy does. */
  readonly only?: RegExp;
}

/** The names of the cases a strategy fails. */
async function failures(
  createStrategy: () => IsolationStrategy,
  { only = QUICK, ...choice }: Choice = {},
): Promise<readonly string[]> {
  const failed: string[] = [];
  const cases = isolationCases({ createStrategy, ...choice });
  for (const { name, run } of cases.filter((candidate) => only.test(candidate.name))) {
    await run().catch(() => failed.push(name));
  }
  return failed;
}

const failing = (...words: readonly string[]) =>
  words.map((word) => expect.stringContaining(word) as string);

// A broken strategy may leave a call behind that fails later.
const late: unknown[] = [];
const onLate = (error: unknown) => void late.push(error);
beforeAll(() => void process.on('unhandledRejection', onLate));
afterAll(() => void process.off('unhandledRejection', onLate));

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

/** Forwards the events of a session, but for one kind. */
const losing = (kind: SessionEvent['kind']) => () =>
  strategy((host, ticket, signal) =>
    host.runSession(ticket, signal, async (event) => {
      if (event.kind !== kind) await host.report(event);
    }),
  );

/**
 * Where a strategy is found out that loses one kind of event. `memory` is not in it, because no session reports it. A new
 * kind of event does not compile until it has a row.
 */
const lost: Readonly<Record<Exclude<SessionEvent['kind'], 'memory'>, readonly string[]>> = {
  joined: ['recorded as a success', 'snapshot', 'that it joined and that it ends', 'a hook that'],
  ending: [
    'recorded as a success',
    '(terminated)',
    'that it joined and that it ends',
    'until the pool has taken',
    'a hook that',
  ],
  fault: ['every kind of event', 'a hook that fails'],
  provider_error: ['every kind of event'],
  turn: ['recorded as a success', 'every kind of event', 'a hook that fails'],
  usage: ['every kind of event', 'the use of a provider'],
  blocked: ['every kind of event'],
};

test.each(Object.entries(lost))('one that loses events of the kind %s', async (kind, words) => {
  const failed = await failures(losing(kind as SessionEvent['kind']), { patienceMs: 5_000 });
  expect(failed).toEqual(expect.arrayContaining(failing(...words)));
});

test('one that forwards only what it knows loses what comes later, and is found out', async () => {
  const narrow = () =>
    strategy((host, ticket, signal) =>
      host.runSession(ticket, signal, async (event) => {
        if (event.kind === 'joined' || event.kind === 'ending') await host.report(event);
      }),
    );
  expect(await failures(narrow, { patienceMs: 5_000 })).toEqual(
    failing('recorded as a success', 'every kind of event', 'a hook that fails'),
  );
});

test('one that changes an event on its way fails there', async () => {
  const lying = () =>
    strategy((host, ticket, signal) =>
      host.runSession(ticket, signal, (event) =>
        host.report(event.kind === 'fault' ? { ...event, name: 'a tool' } : event),
      ),
    );
  expect(await failures(lying, { patienceMs: 5_000 })).toEqual(failing('every kind of event'));
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
