import { type MetricsStreamEvent, parseMetricsLine } from '@openrtc/core/operate';
import type { Caller } from '@openrtc/test-rig';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { bin } from './command-process.js';
import { describeRealCalls } from './real-calls.js';
import type { WorkerProcess } from './worker-process.js';

const PATIENCE = { timeout: 60_000, interval: 250 };

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'openrtc-e2e-'));
  // Workers of this test alone: others of this user may run on the machine.
  vi.stubEnv('OPENRTC_RUNTIME_DIR', join(directory, 'run'));
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true, force: true });
});

const providers = ['llm', 'stt', 'tts'] as const;
const codes = { llm: '401', stt: '401', tts: 'timeout' };

describeRealCalls('calls whose provider fails', (real) => {
  /** The calls as `openrtc top` sees them, by agent. */
  async function top(): Promise<ReadonlyMap<string, object>> {
    const { stdout } = await promisify(execFile)(process.execPath, [
      bin,
      'top',
      '--once',
      '--json',
    ]);
    const { calls } = JSON.parse(stdout) as { calls: { agent: string }[] };
    return new Map(calls.map((each) => [each.agent, each]));
  }

  async function metrics(worker: WorkerProcess): Promise<string> {
    const { health } = await worker.snapshot();
    const answer = await fetch(`http://127.0.0.1:${health?.port}/metrics`);
    return answer.text();
  }

  async function eventsIn(file: string): Promise<readonly MetricsStreamEvent[]> {
    const lines = (await readFile(file, 'utf8')).split('\n').map(parseMetricsLine);
    return lines.flatMap((line) => (line?.kind === 'event' ? [line.payload] : []));
  }

  it.each([['coroutine'], ['processes:3']])(
    '%s: the log, the snapshot, top, the metrics and the result say which one, and how often',
    { timeout: 240_000 },
    async (isolation) => {
      const jsonlFile = join(directory, `${isolation.replace(':', '-')}.jsonl`);
      const worker = await real.startWorker({
        agents: 'failing-providers',
        isolation,
        pool: { health: { port: 0 }, metrics: { jsonlFile, intervalMs: 250 } },
      });
      const agents = providers.flatMap((kind) => [`${kind}_own`, `${kind}_shared`]);
      const callers = new Map<string, Caller>();
      for (const agent of agents) {
        const microphone = agent.startsWith('stt');
        callers.set(agent, await real.joinListening({ agent }, { microphone }));
      }

      // The STT ends its call; for the others the caller asks, and gets no answer.
      const asking = agents.filter((agent) => !agent.startsWith('stt'));
      for (const agent of asking) await callers.get(agent)?.sendText('hello?');
      for (const agent of ['stt_own', 'stt_shared'])
        await callers.get(agent)?.speak('hours', { awaitListener: false });

      const unanswered = (kind: 'llm' | 'tts') => ({
        state: 'unanswered',
        turns: { asked: 1, answered: 0, unanswered: 1, lastUnanswered: 'provider_error' },
        faults: { providers: [{ kind, code: codes[kind], recoverable: false, count: 1 }] },
      });
      await vi.waitFor(async () => {
        const seen = await top();
        for (const agent of asking)
          expect(seen.get(agent)).toMatchObject(
            unanswered(agent.startsWith('llm') ? 'llm' : 'tts'),
          );
      }, PATIENCE);

      for (const agent of asking) await callers.get(agent)?.hangUp();
      for (const [agent, { room }] of callers) {
        const kind = providers.find((each) => agent.startsWith(each)) ?? 'llm';
        const { outcome } = await worker.ended(room);
        expect(outcome).toMatchObject({
          status: kind === 'stt' ? 'failed' : 'success',
          causedBy: kind === 'stt' ? 'provider' : 'caller',
          faults: {
            providerErrors: 1,
            providers: [{ kind, code: codes[kind], recoverable: false, count: 1 }],
          },
        });
      }

      const text = await metrics(worker);
      for (const agent of agents) {
        const kind = providers.find((each) => agent.startsWith(each)) ?? 'llm';
        expect(text).toContain(
          `openrtc_provider_errors_total{agent="${agent}",kind="${kind}",code="${codes[kind]}",recoverable="false"} 1`,
        );
      }
      for (const agent of asking) {
        expect(text).toContain(`openrtc_sessions_unanswered_total{agent="${agent}"} 1`);
        expect(text).toContain(
          `openrtc_turns_total{agent="${agent}",result="unanswered",reason="provider_error"} 1`,
        );
      }
      await vi.waitFor(async () => {
        const ends = (await eventsIn(jsonlFile)).filter(
          ({ event }) => event === 'session_finished' || event === 'session_failed',
        );
        expect(ends).toHaveLength(agents.length);
        for (const end of ends) expect(end).toMatchObject({ faults: { providerErrors: 1 } });
      }, PATIENCE);
      expect(worker.output).toMatch(/the LLM openrtc\.EchoLLM failed: Incorrect API key/);
      expect(worker.output).toMatch(/the caller got no answer in it/);
      await real.closeWorkers();
    },
  );
});
