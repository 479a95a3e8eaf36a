import type { Caller } from '@openrtc/test-rig';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';

import { bin } from './command-process.js';
import { times } from './long-forms.js';
import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';
import { listening, StubOpenAI } from './stub-openai.js';
import type { WorkerProcess } from './worker-process.js';

const PATIENCE = { timeout: 60_000, interval: 250 };
const TALK_MS = 600_000;
const TURNS = 2;
const COOLDOWN_MS = 30_000;
const BURST = times({ inCi: 2, nightly: 5 });
const BURSTS = times({ inCi: 2, nightly: 4 });
const open = { tenant: 'bad', agent: 'shop', state: 'open' };
const MANY = 5;
const TENANTS = ['good', 'other', 'bad'] as const;

let directory: string;
let apis: Record<(typeof TENANTS)[number], StubOpenAI>;
/** Where the configurations of tenants are asked for. */
let registry: Awaited<ReturnType<typeof listening>>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'openrtc-e2e-'));
  // Workers of this test alone: others of this user may run on the machine.
  vi.stubEnv('OPENRTC_RUNTIME_DIR', join(directory, 'run'));
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true, force: true });
});

beforeEach(async () => {
  const [good, other, bad] = await Promise.all(TENANTS.map((name) => StubOpenAI.start(name)));
  apis = { good, other, bad } as typeof apis;
  registry = await listening(({ url = '' }, response) => {
    const tenant = url.slice(1);
    const api = Object.hasOwn(apis, tenant) ? apis[tenant as keyof typeof apis] : undefined;
    response.statusCode = api === undefined ? 404 : 200;
    response.end(JSON.stringify({ apiKey: api?.apiKey, baseURL: api?.baseURL }));
  });
});

afterEach(async () => {
  registry.server.closeAllConnections();
  registry.server.close();
  for (const api of Object.values(apis)) await api[Symbol.asyncDispose]();
});

describeRealCalls('three tenants with keys of their own, of which one has a dead key', (real) => {
  const call = (tenant: string) => real.joinListening({ agent: 'shop', tenant });

  async function turn(caller: Caller, tenant: string, words: string): Promise<void> {
    await caller.sendText(words);
    expect((await caller.nextTranscript()).text.trim()).toBe(`${tenant} heard: ${words}.`);
  }

  async function conversation(worker: WorkerProcess, tenant: string): Promise<void> {
    const caller = await call(tenant);
    for (let at = 1; at <= TURNS; at += 1) await turn(caller, tenant, `question ${at}`);
    await caller.hangUp();
    const { outcome } = await worker.ended(caller.room);
    expect(outcome).toMatchObject({
      status: 'success',
      faults: { providers: [] },
      turns: { answered: TURNS, unanswered: 0 },
    });
  }

  /** Calls of tenants at the same time. */
  const burst = (worker: WorkerProcess, tenants: readonly string[]) =>
    Promise.all(
      tenants.flatMap((tenant) =>
        Array.from({ length: BURST }, () => conversation(worker, tenant)),
      ),
    );

  /** A call whose turn gets no answer. */
  async function unanswered(worker: WorkerProcess): Promise<void> {
    const caller = await call('bad');
    await caller.sendText('hello?');
    await vi.waitFor(async () => {
      const { sessions } = await worker.snapshot();
      const turns = sessions.find(({ room }) => room === caller.room)?.turns;
      expect(turns).toMatchObject({ unanswered: 1 });
    }, PATIENCE);
    await caller.hangUp();
    const { outcome } = await worker.ended(caller.room);
    expect(outcome.faults.providers).toMatchObject([{ kind: 'llm', code: '401' }]);
  }

  /** A caller of the tenant `bad` who may get no agent. */
  const hopeful = () =>
    real.join(roomName('bad'), {
      metadata: { agent: 'shop', tenant: 'bad' },
      microphone: false,
    });

  const many = <T>(each: () => Promise<T>) => Array.from({ length: MANY }, each);
  const breakers = async (worker: WorkerProcess) => (await worker.snapshot()).breakers;
  const refusedBy = async (worker: WorkerProcess) =>
    (await worker.snapshot()).refused['breaker_open'] ?? 0;

  /** Everything that others could read: what the worker writes and answers, and the environment of its processes. */
  async function readable(worker: WorkerProcess): Promise<string> {
    const { health } = await worker.snapshot();
    const metrics = await fetch(`http://127.0.0.1:${health?.port}/metrics`);
    const top = await promisify(execFile)(process.execPath, [bin, 'top', '--once', '--json']);
    const processes = await worker.processes();
    const files = [worker.pid, ...processes.map(({ pid }) => pid)].flatMap((pid) => [
      `/proc/${pid}/environ`,
      `/proc/${pid}/cmdline`,
    ]);
    return [
      worker.output,
      JSON.stringify(worker.messages.all),
      JSON.stringify(await worker.snapshot()),
      await metrics.text(),
      top.stdout,
      ...(await Promise.all(files.map((file) => readFile(file, 'utf8')))),
    ].join('\n');
  }

  it.each([['coroutine'], ['processes:5']])(
    '%s: its calls are refused until it is healed, others lose no turn, and nobody sees a foreign key',
    { timeout: 600_000 },
    async (isolation) => {
      const setup = {
        agents: 'tenants',
        isolation,
        pool: {
          breaker: { minCalls: 3, cooldownMs: COOLDOWN_MS },
          maxConcurrentSessions: 50,
          health: { port: 0 },
        },
        env: { OPENRTC_E2E_TENANTS: registry.url },
      } as const;
      const worker = await real.startWorker(setup);
      const listeners: Caller[] = [];
      for (const tenant of ['good', 'other']) {
        const listener = await real.join(roomName('monologue'), {
          metadata: { agent: 'monologue', tenant, talkMs: TALK_MS },
          microphone: false,
        });
        await listener.waitForAudio({ fromJoin: true, minMs: 500 });
        listeners.push(listener);
      }

      // All is well at first. What so many calls at the same time cost on this machine is heard here as well.
      const healthy = await real.watchGaps(listeners);
      await Promise.all([
        burst(worker, ['good', 'other']),
        ...many(() => conversation(worker, 'bad')),
      ]);
      const before = await healthy.stop();

      const gaps = await real.watchGaps(listeners);
      apis.bad.rejects = true;
      await Promise.all([burst(worker, ['good', 'other']), ...many(() => unanswered(worker))]);
      await vi.waitFor(async () => expect(await breakers(worker)).toMatchObject([open]), PATIENCE);

      const opened = performance.now();

      // Another worker takes what this one refuses.
      const second = await real.startWorker(setup);
      const rooms: string[] = [];
      while ((await refusedBy(worker)) === 0) {
        const caller = await hopeful();
        rooms.push(caller.room);
        await second.started(caller.room);
        await caller.hangUp();
      }
      const workerOf = async (room = '') => (await real.server.assignedIn(room)).workerId;
      const here = await workerOf(listeners[0]?.room);
      expect(await Promise.all(rooms.map((room) => workerOf(room)))).not.toContain(here);
      await second.close();
      for (let at = 0; at < BURSTS; at += 1) await burst(worker, ['good', 'other']);

      apis.bad.rejects = false;
      await delay(COOLDOWN_MS - (performance.now() - opened));
      const refused = await refusedBy(worker);
      const tried = await Promise.all([hopeful(), hopeful(), hopeful()]);
      await vi.waitFor(async () => expect(await refusedBy(worker)).toBe(refused + 2), PATIENCE);
      const { sessions } = await worker.snapshot();
      const probe = tried.filter(({ room }) => sessions.some((each) => each.room === room));
      expect(probe).toHaveLength(1);
      for (const caller of probe) {
        await real.untilListening(caller);
        await turn(caller, 'bad', 'are you well');
      }
      await vi.waitFor(async () => expect(await breakers(worker)).toEqual([]), PATIENCE);
      for (const caller of tried) await caller.hangUp();

      await burst(worker, TENANTS);
      const keys = Object.values(apis).map((api) => [api.apiKey]);
      // Processes that have its configuration run on.
      apis.other.rotateKey();
      keys[1]?.push(apis.other.apiKey);
      worker.invalidateTenant('other');
      await burst(worker, ['good', 'other']);

      // Nine calls at a time start processes, which take both cores of a small machine: gaps come from that, also without a
      // bad tenant. Those of calls in processes are judged in processes.e2e.test.ts.
      if (isolation === 'coroutine') await gaps.expectNone(before);
      else console.log('longest gaps in ms:', await gaps.stop(), 'before:', before);
      expect(await readable(worker)).not.toMatch(/marker-key/);
      const seen = Object.values(apis).map((api) => [...new Set(api.keys)]);
      expect(seen).toEqual(keys);
    },
  );
});
