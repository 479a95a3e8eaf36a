import { expect, test, vi } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { currentFfiClient } from '../sdk/ffi-client.js';
import { AgentRegistry } from '../agents/registry.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import { resolveOptions } from '../options/resolve-options.js';
import { SessionHost } from './session-host.js';

const sdk = vi.hoisted(() => ({ version: '1.9.0' }));
vi.mock('@livekit/agents', async (original) => ({
  ...(await original<object>()),
  get version() {
    return sdk.version;
  },
}));

function hostOf(pool: AgentPoolOptions = { models: null }): SessionHost {
  return new SessionHost({
    pool,
    resolved: resolveOptions({}, {}),
    registry: new AgentRegistry(),
    source: { packagesFrom: [], entry: '', pool: 0, argv: [], execArgv: [] },
    loader: undefined,
    logger: new LogBook(),
    report: async () => {},
    onBusy: () => {},
    watch: undefined,
    tenants: undefined,
    credentials: undefined,
  });
}

test('a host that could not be prepared does not shut down the native library of the others', async () => {
  const { signal } = new AbortController();
  const host = hostOf();
  await host.prewarm(signal);
  sdk.version = '2.0.0';
  const other = hostOf();
  await expect(other.prewarm(signal)).rejects.toMatchObject({ code: 'CONFIG_UNSUPPORTED_SDK' });
  await other.close();
  expect(currentFfiClient()).toBeDefined();
  await host.close();
  expect(currentFfiClient()).toBeUndefined();
});

test('models that cannot be closed keep nothing else open', async () => {
  const { signal } = new AbortController();
  const stuck = new Error('cannot close');
  const host = hostOf({
    models: {
      executor: { doInference: async () => ({}) },
      turnDetector: false,
      async load() {},
      [Symbol.asyncDispose]: () => Promise.reject(stuck),
    },
  });
  sdk.version = '1.9.0';
  await host.prewarm(signal);
  await expect(host.close()).rejects.toBe(stuck);
  expect(currentFfiClient()).toBeUndefined();
});
