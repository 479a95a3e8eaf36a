import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { type FoundTenant, TenantDirectory, type TenantResolver } from './tenant-directory.js';

let log: LogBook;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  log = new LogBook();
});

afterEach(() => vi.useRealTimers());

const directory = (resolve: (tenant: string) => unknown) =>
  new TenantDirectory({
    resolve: resolve as TenantResolver,
    timeoutMs: 250,
    ttlMs: 60_000,
    missTtlMs: 5_000,
    maxEntries: 100,
    unknown: undefined,
    logger: log,
  });
const boom = (): never => {
  throw new Error('no database');
};
const after = <T>(ms: number, value: T) =>
  new Promise<T>((resolve) => setTimeout(resolve, ms, value));
const config = { maxSessions: 2 };

test.each<[string, () => unknown, FoundTenant]>([
  ['a configuration', () => config, { kind: 'known', config }],
  ['a promise of one', async () => config, { kind: 'known', config }],
  ['null', () => null, { kind: 'unknown' }],
  ['nothing', async () => undefined, { kind: 'unknown' }],
  [
    'an error',
    boom,
    {
      kind: 'failed',
      message: 'tenants.resolve: threw: no database',
      cause: new Error('no database'),
    },
  ],
  [
    'a rejection',
    async () => boom(),
    {
      kind: 'failed',
      message: 'tenants.resolve: threw: no database',
      cause: new Error('no database'),
    },
  ],
])('a resolver that gives %s', async (_what, resolve, expected) => {
  expect(await directory(resolve).find('acme')).toEqual(expected);
});

test.each<[string, unknown, string]>([
  ['a string', 'acme', 'options must be an object, got a string'],
  ['an unknown option', { maxSession: 2 }, 'unknown option "maxSession"'],
  ['a wrong number', { maxSessions: 0 }, 'maxSessions must be a whole number from 1'],
  ['a wrong provider', { llm: 5 }, 'llm must be'],
  [
    'the one of another tenant',
    { tenant: 'globex' },
    'the configuration is that of tenant "globex"',
  ],
  ['providers in session', { session: { llm: 'openai/gpt-5' } }, 'llm must not be in session'],
  ['agents that are no names', { agents: [5] }, 'agents must be an array of names'],
])('a configuration that cannot be used fails: %s', async (_what, given, message) => {
  expect(await directory(() => given).find('acme')).toMatchObject({
    kind: 'failed',
    message: expect.stringContaining(message),
  });
});

test('a resolver that is too slow fails, and its answer is there for the next call', async () => {
  const resolve = vi.fn(() => after(400, config));
  const tenants = directory(resolve);
  const first = tenants.find('acme');
  await vi.advanceTimersByTimeAsync(250);
  expect(await first).toEqual({
    kind: 'failed',
    message: 'tenants.resolve: did not answer within 250 ms',
  });
  await vi.advanceTimersByTimeAsync(150);
  expect(tenants.find('acme')).toEqual({ kind: 'known', config });
  expect(resolve).toHaveBeenCalledTimes(1);
});

test('calls of a tenant that come together ask once', async () => {
  const resolve = vi.fn(async () => config);
  const tenants = directory(resolve);
  const found = await Promise.all(Array.from({ length: 20 }, async () => tenants.find('acme')));
  expect(found.every(({ kind }) => kind === 'known')).toBe(true);
  expect(resolve).toHaveBeenCalledTimes(1);
});

test('it is asked again after its time, sooner when there was no such tenant', async () => {
  const resolve = vi.fn((tenant: string) => (tenant === 'acme' ? config : null));
  const tenants = directory(resolve);
  const ask = () => Promise.all([tenants.find('acme'), tenants.find('none')]);
  await ask();
  await ask();
  expect(resolve).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(5_000);
  await ask();
  expect(resolve).toHaveBeenCalledTimes(3);
  vi.advanceTimersByTime(55_000);
  await ask();
  expect(resolve).toHaveBeenCalledTimes(5);
});

test('an invalidated tenant is asked for again, and an answer from before is not kept', async () => {
  let version = 1;
  const resolve = vi.fn((_tenant: string) => after(100, { maxSessions: version }));
  const tenants = directory(resolve);
  const before = tenants.find('acme');
  tenants.invalidate('acme');
  version = 2;
  const now = tenants.find('acme');
  await vi.advanceTimersByTimeAsync(100);
  expect(await before).toMatchObject({ config: { maxSessions: 1 } });
  expect(await now).toMatchObject({ config: { maxSessions: 2 } });
  expect(tenants.peek('acme')).toEqual({ maxSessions: 2 });
  tenants.invalidate();
  expect(tenants.peek('acme')).toBeUndefined();
});

test('a process for calls forgets what its worker has forgotten since, and no more', async () => {
  const [worker, child] = [directory(() => config), directory(() => config)];
  await child.find('acme');
  child.follow(worker.epoch);
  expect(child.peek('acme')).toEqual(config);
  worker.invalidate('globex');
  child.follow(worker.epoch);
  expect(child.peek('acme')).toBeUndefined();
  await child.find('acme');
  child.follow(worker.epoch);
  expect(child.peek('acme')).toEqual(config);
});

test('a resolver that fails does not cut off a tenant that is known', async () => {
  let fails = false;
  const tenants = directory(() => (fails ? boom() : config));
  await tenants.find('acme');
  fails = true;
  vi.advanceTimersByTime(60_000);
  expect(tenants.find('acme')).toEqual({ kind: 'known', config });
  expect(log.matching('warn', /no database; the configuration of before is used/)).toHaveLength(1);
  expect(tenants.find('globex')).toMatchObject({ kind: 'failed' });
});

test('ten thousand tenants are not all remembered, and those that are used stay', async () => {
  const resolve = vi.fn(() => config);
  const tenants = directory(resolve);
  for (let count = 0; count < 10_000; count += 1) {
    await tenants.find(`tenant-${count}`);
    await tenants.find('acme');
  }
  expect(tenants.size).toBe(100);
  expect(resolve).toHaveBeenCalledTimes(10_001);
});

test('a resolver that never answers is not asked without end, and answers are refused at once', async () => {
  const resolve = vi.fn(() => new Promise<never>(() => {}));
  const tenants = directory(resolve);
  const found = Array.from({ length: 10_000 }, async (_, count) => tenants.find(`tenant-${count}`));
  await vi.advanceTimersByTimeAsync(250);
  expect(await Promise.all(found)).toHaveLength(10_000);
  expect(resolve).toHaveBeenCalledTimes(1_000);
  expect(tenants.size).toBe(0);
  // It may be well again.
  await vi.advanceTimersByTimeAsync(30_000);
  void tenants.find('acme');
  expect(resolve).toHaveBeenCalledTimes(1_001);
});

test('what is given is copied: a later change has no effect', async () => {
  const given = { session: { maxToolSteps: 2 }, agents: ['shop'] };
  const tenants = directory(() => given);
  await tenants.find('acme');
  given.session.maxToolSteps = 9;
  given.agents.push('kiosk');
  expect(tenants.peek('acme')).toEqual({ session: { maxToolSteps: 2 }, agents: ['shop'] });
});
