import { initializeLogger } from '@livekit/agents';
import type { Logger } from '@openrtc/core';
import { startEmbeddedLiveKit } from '@openrtc/core/testing';
import { setTimeout } from 'node:timers/promises';

import { createPool } from './pool.js';

// All in this process, without a server and without a real key: what three customers get, of whom one has a dead key.
process.env['LLM_KEY_ACME'] = 'key of acme';
process.env['LLM_KEY_GLOBEX'] = 'key of globex';

initializeLogger({ pretty: false, level: 'silent' });
const silent = () => {};
const logger: Logger = {
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
  child: () => logger,
};
const livekit = await startEmbeddedLiveKit();
const pool = createPool({ livekit, logger });
const running = pool.run({ processHandlers: false });
await livekit.until(({ workers }) => workers.length === 1);

const call = (tenant: string) => livekit.call({ metadata: { tenant, agent: 'support' } });

/** Waits until something about the pool is true. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setTimeout(10);
}

/** The reason for which a call is refused. */
async function refusal(tenant: string, agent = 'support'): Promise<string> {
  const before = new Map(Object.entries(pool.runtimeSnapshot().refused));
  const reason = () =>
    Object.entries(pool.runtimeSnapshot().refused).find(
      ([each, count]) => count !== before.get(each),
    )?.[0];
  livekit.dispatch({ room: `${tenant}-${agent}`, metadata: { tenant, agent } });
  await until(() => reason() !== undefined);
  return `refused, ${reason()}`;
}

async function conversation(tenant: string): Promise<void> {
  const caller = await call(tenant);
  console.log(`${tenant}: "${await caller.nextReply()}" "${await caller.say('Hello?')}"`);
  caller.hangUp();
}

await conversation('acme');
await conversation('globex');
console.log(`globex, agent orders: ${await refusal('globex', 'orders')}`);
console.log(`nobody: ${await refusal('nobody')}`);
for (let count = 1; count <= 3; count += 1) {
  const caller = await call('hooli');
  console.log(`hooli: "${await caller.nextReply()}" and then no answer: its key is rejected`);
  // There is no answer to wait for.
  caller.say('Hello?').catch(() => undefined);
  await until(() => {
    const found = pool.runtimeSnapshot().sessions.find(({ room }) => room === caller.room);
    return found !== undefined && found.turns.unanswered > 0;
  });
  caller.hangUp();
}
console.log(`hooli: ${await refusal('hooli')}`);
await conversation('acme');

await pool.drain();
await running;
await livekit.close();
