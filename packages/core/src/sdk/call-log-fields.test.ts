import { initializeLogger, log } from '@livekit/agents';
import { createRequire } from 'node:module';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { EchoAgent, PoolHarness } from '../pool/pool-harness.js';
import { sdkLogger } from './sdk-logger.js';

type Pino = ReturnType<typeof log>;

// The SDK's own copy: core does not depend on pino.
const fromSdk = createRequire(createRequire(import.meta.url).resolve('@livekit/agents'));
const pino = fromSdk('pino') as (options: object, destination: Writable) => Pino;
const LOGGER = Symbol.for('@livekit/agents:logger');
const globals = globalThis as { [LOGGER]?: Pino };

let raw: string[];
let rig: PoolHarness;

const lines = (message: string) =>
  raw
    .filter((line) => line.includes(`"msg":"${message}"`))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** A logger of the user, with its own destination, level, bindings and mixin. */
function useOwnLogger(): Pino {
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      raw.push(chunk.toString());
      done();
    },
  });
  initializeLogger({ pretty: false, level: 'silent' });
  const options = { level: 'debug', base: { app: 'phones' }, mixin: () => ({ region: 'eu' }) };
  return (globals[LOGGER] = pino(options, destination));
}

/** Logs through the SDK's logger, as code of the SDK does. */
class Talkative extends EchoAgent {
  override async onEnter(): Promise<void> {
    log().info({ extra: 1 }, 'entered');
    log().child({ tenant: 'own' }).debug('as a child');
  }
}

beforeEach(async () => {
  raw = [];
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

test('a log line of the SDK names its call once, and its destination does not change', async () => {
  const own = useOwnLogger();
  const logger = sdkLogger();
  const { pool, running } = rig.start({
    logger,
    agents: { talkative: () => new Talkative() },
    defaults: { greeting: 'hello' },
  });
  await rig.livekit.until(({ workers }) => workers.length === 1);
  log().info('outside of any call');
  const room = `front\u202Edesk\n`;
  const first = await rig.dial({ room, metadata: { tenant: 'acme' } });
  const second = await rig.dial();
  first.hangUp();
  second.hangUp();
  await pool.drain();
  await running;

  const base = { app: 'phones', region: 'eu', agent: 'talkative' };
  expect(lines('entered')).toEqual([
    expect.objectContaining({
      ...base,
      extra: 1,
      jobId: first.jobId,
      tenant: 'acme',
      room: 'frontdesk',
    }),
    expect.objectContaining({ ...base, jobId: second.jobId, tenant: 'default', room: second.room }),
  ]);
  // A child logger that has one of the fields keeps its own value.
  expect(lines('as a child')[0]).toMatchObject({ tenant: 'own', jobId: first.jobId });
  expect(lines('outside of any call')).toEqual([expect.not.objectContaining({ jobId: '' })]);
  expect(lines('outside of any call')[0]).not.toHaveProperty('jobId');
  expect(lines('accepted a call')).toHaveLength(2);
  expect(lines('a call ended')).toHaveLength(2);
  // The SDK itself writes the job id twice in this line.
  for (const line of raw.filter((each) => !each.includes('Session ended, report generated')))
    for (const field of ['jobId', 'agent', 'tenant', 'room'])
      expect(line.split(`"${field}":`).length, `${field} twice in ${line}`).toBeLessThanOrEqual(2);
  expect(globals[LOGGER]).toBe(own);
});

test('a change of the original level counts, and a second pool does not wrap the logger twice', async () => {
  const own = useOwnLogger();
  const { pool, running } = await rig.registered();
  const wrapped = log();
  expect(wrapped).not.toBe(own);
  expect(sdkLogger()).toBe(own);
  await rig.registered();
  expect(log()).toBe(wrapped);
  own.level = 'warn';
  log().info('too quiet');
  log().warn('loud enough');
  expect(lines('too quiet')).toEqual([]);
  expect(lines('loud enough')).toHaveLength(1);
  await pool.drain();
  await running;
  expect(log()).toBe(wrapped);
});

test('a logger that is not a pino logger is left unchanged', async () => {
  initializeLogger({ pretty: false, level: 'silent' });
  const plain = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: () => {},
    child: () => plain,
  } as unknown as Pino;
  globals[LOGGER] = plain;
  await rig.registered();
  expect(log()).toBe(plain);
  expect(rig.log.matching('debug', /will not name their call/)).toHaveLength(1);
  await (await rig.livekit.call()).say('hi');
});
