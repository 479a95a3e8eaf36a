import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { signMetadata } from '../signing.js';
import { EchoAgent, PoolHarness } from './pool-harness.js';

// Everything of a call whose metadata a client has carried: who may choose its agent and its tenant.
const secret = 'a secret that only the app and the worker know';
const next = 'the secret that will soon take its place';
let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rig.close();
});

const agents = { first: () => new EchoAgent('First'), support: () => new EchoAgent('Support') };

test.each(['an option', 'the environment'])(
  'signed metadata chooses agent and tenant, with the secret from %s',
  async (from) => {
    if (from === 'the environment') vi.stubEnv('OPENRTC_METADATA_SECRET', `${next}, ${secret}`);
    const { pool } = await rig.registered({
      agents,
      ...(from === 'an option' && { metadataSecret: [next, secret] }),
    });
    for (const [tenant, key] of Object.entries({ acme: secret, globex: next })) {
      const metadata = signMetadata({ agent: 'support', tenant }, { secret: key });
      const call = await rig.livekit.call({ metadata });
      expect(await call.say('hello')).toBe('Support said: hello');
      expect(pool.runtimeSnapshot().sessionsByTenant).toMatchObject({ [tenant]: 1 });
      call.hangUp();
      await call.ended;
    }
  },
);

test('unsigned metadata is refused without a word of it or of the secret in the log', async () => {
  const { pool } = await rig.registered({ agents, metadataSecret: secret });
  const metadata = JSON.stringify({ tenant: 'acme', note: 'private words' });
  await expect(rig.livekit.call({ metadata, room: 'support-1' })).rejects.toThrow('all refused');
  expect(pool.runtimeSnapshot().refused).toEqual({ invalid_signature: 1 });
  const log = JSON.stringify(rig.log.lines);
  expect(log).toContain('the room metadata is not signed');
  expect(log).not.toContain('private words');
  expect(log).not.toContain(secret);
});
