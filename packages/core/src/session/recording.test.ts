import { telemetry } from '@livekit/agents';
import { once } from 'node:events';
import { type IncomingMessage, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { AgentPool } from '../pool/agent-pool.js';
import { EchoAgent, PoolHarness } from '../pool/pool-harness.js';
import { recordingOf } from './recording.js';

/** A fake LiveKit Cloud that records the paths and bodies of its requests. */
async function startCloud() {
  const uploads: { path: string; body: string }[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      uploads.push({ path: request.url ?? '', body: Buffer.concat(chunks).toString('latin1') });
      response.end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  vi.stubEnv(
    'LIVEKIT_OBSERVABILITY_URL',
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  );
  vi.stubEnv('LIVEKIT_API_KEY', 'key');
  vi.stubEnv('LIVEKIT_API_SECRET', 'a secret that is as long as it has to be');
  return {
    uploads,
    [Symbol.asyncDispose]: async () => {
      vi.unstubAllEnvs();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

// The global state that setupCloudTracer() sets.
const exporting = () => ({
  logs: (globalThis as { [key: symbol]: unknown })[Symbol.for('@livekit/agents:otelEnabled')],
  otel: (globalThis as { [key: symbol]: unknown })[Symbol.for('opentelemetry.js.api.1')],
  tracer: telemetry.tracer.getProvider().constructor.name,
});
const nothing = { logs: undefined, otel: undefined, tracer: 'ProxyTracerProvider' };

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

async function twoCalls(record?: boolean): Promise<readonly [string, string]> {
  const { pool, running } = await rig.registered({ defaults: { greeting: 'hello' } });
  pool.add('recorded', () => new EchoAgent(), record === undefined ? {} : { record });
  const metadata = { agent: 'recorded' };
  const [first, second] = [await rig.dial({ metadata }), await rig.dial({ metadata })];
  await Promise.all([first.say('Wolfsburg'), second.say('Ravenna')]);
  first.hangUp();
  second.hangUp();
  await pool.drain();
  await running;
  return [first.jobId, second.jobId];
}

describe('a process with many calls', () => {
  test('exports nothing by default', async () => {
    await using cloud = await startCloud();
    await twoCalls();
    expect(cloud.uploads).toEqual([]);
    expect(exporting()).toMatchObject(nothing);
  });

  test("uploads each call's transcript under its own ids, and no traces or logs", async () => {
    await using cloud = await startCloud();
    const jobs = await twoCalls(true);
    expect(exporting()).toMatchObject(nothing);
    expect(cloud.uploads.filter(({ path }) => path.includes('/traces/'))).toEqual([]);
    const recordings = cloud.uploads.filter(({ path }) => path.includes('/recordings/'));
    expect(recordings).toHaveLength(2);
    for (const [at, words] of ['Wolfsburg', 'Ravenna'].entries()) {
      const own = cloud.uploads.filter(({ body }) => body.includes(jobs[at] as string));
      const other = ['Ravenna', 'Wolfsburg'][at] as string;
      expect(own.some(({ body }) => body.includes(words))).toBe(true);
      expect(own.some(({ body }) => body.includes(other))).toBe(false);
    }
    expect(rig.log.matching('warn', /traces and logs are not/)).toHaveLength(1);
  });
});

describe('the option record', () => {
  test('is off by default, and never records traces or logs', () => {
    const warnings: string[] = [];
    const of = (record: Parameters<typeof recordingOf>[0]) =>
      recordingOf(record, (message) => warnings.push(message));
    expect(of(undefined)).toBe(false);
    expect(of(false)).toBe(false);
    const off = { traces: false, logs: false };
    expect(of({ ...off, audio: false })).toEqual({ ...off, audio: false, transcript: true });
    expect(of({ ...off, redaction: true })).toMatchObject({ ...off, redaction: true });
    expect(warnings).toEqual([]);
    expect(of(true)).toEqual({ ...off, audio: true, transcript: true });
    expect(warnings).toHaveLength(1);
  });

  test.each(['traces', 'logs'])('is refused with %s: true', (key) => {
    expect(() => new AgentPool().add('echo', EchoAgent, { record: { [key]: true } })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID_OPTION',
        message: expect.stringContaining(`record.${key}`) as string,
      }),
    );
  });
});
