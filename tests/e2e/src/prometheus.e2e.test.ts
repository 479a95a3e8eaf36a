import {
  type Caller,
  type PrometheusPrograms,
  PrometheusServer,
  findPrometheus,
} from '@openrtc/test-rig';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';

const run = promisify(execFile);
const found = await findPrometheus({ onProgress: (line) => console.log(line) });
const why = found.available ? '' : `: ${found.reason}`;
if (!found.available)
  console.error(`\n*** NO PROMETHEUS: these tests are skipped. ${found.reason} ***\n`);

/** The programs; tests that ask for them are skipped where there are none. */
function programs(): PrometheusPrograms {
  if (!found.available) throw new Error(found.reason);
  return found;
}

const deployed = (name: string) =>
  fileURLToPath(new URL(`../../../docs/deploy/${name}`, import.meta.url));
const PATIENCE = { timeout: 60_000, interval: 250 };

// Of these nothing has happened in the calls below: there is no series, or nothing to divide.
const NOTHING_YET =
  /hook_errors|tool_errors|provider_errors|turn_response|sessions_failed|tokens_total|\{cause="host"\}|process_losses|reconnects/;

const open: PrometheusServer[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function panels(): Promise<readonly string[]> {
  const text = await readFile(deployed('grafana.json'), 'utf8');
  const queries: string[] = [];
  JSON.parse(text, (key, value: unknown) => {
    if (key === 'expr' && typeof value === 'string')
      queries.push(value.replaceAll('$instance', '.*'));
    return value;
  });
  return queries;
}

describe.skipIf(!found.available)(`promtool${why}`, () => {
  it('passes the alert rules', async () => {
    const { stdout } = await run(programs().promtool, [
      'check',
      'rules',
      deployed('openrtc.rules.yml'),
    ]);
    expect(stdout).toMatch(/SUCCESS: \d+ rules found/);
  });

  it('sees every alert fire on what it is for, and on nothing less', async () => {
    const rules = fileURLToPath(new URL('../fixtures/openrtc.rules.test.yml', import.meta.url));
    const { stdout } = await run(programs().promtool, ['test', 'rules', rules]);
    expect(stdout).toContain('SUCCESS');
  });
});

describeRealCalls('Prometheus', (real) => {
  async function call(): Promise<Caller> {
    const caller = await real.join(roomName('text'), { microphone: false });
    await caller.nextTranscript('agent', { timeoutMs: 60_000 });
    return caller;
  }

  it.skipIf(!found.available)(
    `scrapes workers during real calls; the queries of the dashboard have sane values, and alerts fire${why}`,
    { timeout: 300_000 },
    async () => {
      const pool = {
        maxConcurrentSessions: 2,
        health: { port: 0 },
        watchdog: { slowMs: 300 },
        models: null,
      };
      const workers = [
        await real.startWorker({ agents: 'text', pool, isolation: 'coroutine' }),
        await real.startWorker({ agents: 'text', pool, isolation: 'processes:2' }),
      ];
      const targets = await Promise.all(
        workers.map(async (worker) => `127.0.0.1:${(await worker.snapshot()).health?.port}`),
      );
      const prometheus = await PrometheusServer.start(programs(), {
        targets,
        rules: [deployed('openrtc.rules.yml')],
      });
      open.push(prometheus);
      const value = async (query: string) => (await prometheus.query(query))[0]?.value;
      const sees = (query: string, wanted: number) =>
        vi.waitFor(async () => expect(await value(query), query).toBe(wanted), PATIENCE);
      const fires = (name: string) =>
        vi.waitFor(async () => {
          const rule = (await prometheus.rules()).find((each) => each.name === name);
          expect(rule, name).toMatchObject({ health: 'ok', state: 'firing' });
        }, PATIENCE);

      await sees('count(openrtc_ready == 1)', 2);
      await sees('sum(openrtc_sessions_max)', 4);
      const calm = await prometheus.rules();
      expect(calm.map(({ state }) => state)).toEqual(calm.map(() => 'inactive'));

      // Nobody answers for this one, and the first of its kind is an alert.
      const lost = await real.join(roomName('text'), {
        microphone: false,
        metadata: { agent: 'nobody' },
      });
      await fires('OpenRtcUnknownAgent');
      await lost.hangUp();

      const callers: Caller[] = [];
      for (const count of [1, 2, 3, 4]) {
        callers.push(await call());
        await sees('sum(openrtc_sessions_active)', count);
      }
      await sees('sum(openrtc_ready)', 0);
      await sees('avg(openrtc_load)', 1);
      for (const caller of callers) {
        await caller.sendText('hello');
        await caller.nextTranscript('agent');
      }
      const [one] = await workers[0]!.snapshot().then(({ sessions }) => sessions);
      const slow = callers.find(({ room }) => room === one?.room);
      await slow?.sendText('block 1000');
      await slow?.nextTranscript('agent', { timeoutMs: 30_000 });
      await fires('OpenRtcLoopBlocked');

      // One after the other: what Prometheus sees once has no rate.
      // The slow one stays: of its own process's lag a worker tells while a call runs there.
      const leaving = callers.filter((caller) => caller !== slow).slice(0, 2);
      for (const [at, caller] of leaving.entries()) {
        await caller.hangUp();
        await sees('sum(openrtc_sessions_ended_total)', at + 1);
      }
      await sees('sum(openrtc_sessions_active)', 2);
      expect(await value('sum(openrtc_sessions_accepted_total{agent="text"})')).toBe(4);
      expect(await prometheus.scrapeErrors()).toEqual(['', '']);

      for (const query of await panels()) {
        const samples = await prometheus.query(query);
        if (!NOTHING_YET.test(query)) expect(samples, query).not.toEqual([]);
        for (const sample of samples) {
          expect(sample.value, query).toBeGreaterThanOrEqual(0);
          expect(sample.value, query).toBeLessThan(query.includes('_bytes') ? 4e9 : 300);
        }
      }
      const [rss = 0, pss = 0] = await Promise.all([
        value('openrtc_resident_memory_bytes{process="worker"}'),
        value('openrtc_proportional_memory_bytes{process="worker"}'),
      ]);
      expect(pss).toBeGreaterThan(2 ** 24);
      expect(pss).toBeLessThan(rss);
      expect(await value('max(rate(openrtc_cpu_seconds_total[1m]))')).toBeGreaterThan(0);
      expect(await value('sum(openrtc_call_processes{state="ready"})')).toBeGreaterThan(0);
      const others = (await prometheus.rules()).filter(
        ({ name }) => name !== 'OpenRtcUnknownAgent' && name !== 'OpenRtcLoopBlocked',
      );
      expect(others.filter(({ health }) => health !== 'ok')).toEqual([]);
      expect(others.filter(({ state }) => state === 'firing')).toEqual([]);
    },
  );
});
